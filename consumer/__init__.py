"""The service: it reads changes from Kafka and brings Planhat up to date.

    poll -> decide -> lanes -> send -> resolve -> commit

- poll: `poll.py` reads records and hands them to the engine.
- decide: `decide/` says what a message means: what to send, or the reason why not.
- lanes: `lanes/` keeps changes in order, one lane for each resource of Planhat.
- send: `send.py` sends what `engine/` says may go next; `planhat_client` speaks to Planhat.
- resolve: `engine/` applies each answer, and notes in `offsets/` which records are final.
- commit: `commit.py` tells Kafka how far everything is final.

docs/architecture.md has the picture, the way of one record with each function, and a glossary.
"""
