// The console: asks the service how it is, and shows what it says. Everything that comes from there
// is put into the page as text, never as markup.

const STATE_EVERY = 2000;
const LATEST_EVERY = 5000;
const $ = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const brief = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const NAMES = { companies: "Companies", endusers: "Endusers", licenses: "Licences", activities: "Activities" };
const KINDS = { user: "users", account: "accounts", license: "licences", user_event: "events" };

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Replaces what a place holds, if it differs; who stands on something in it stays there.
function fill(place, children, empty) {
  const now = children.length ? children : empty ? [empty] : [];
  const same = now.length === place.children.length && now.every((one, at) => one.isEqualNode(place.children[at]));
  if (same) return;
  const at = [...place.querySelectorAll("button, summary")].indexOf(document.activeElement);
  place.replaceChildren(...now);
  if (at >= 0) place.querySelectorAll("button, summary")[at]?.focus({ preventScroll: true });
}

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 1) return "< 1 s";
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${(s / 3600).toFixed(s < 36000 ? 1 : 0)} h`;
  return `${Math.round(s / 86400)} days`;
}

function ago(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  return make("time", { datetime: iso, title: iso }, seconds < 1 ? "just now" : `${span(seconds)} ago`);
}

function badge(ending) {
  return make("span", { class: "badge", "data-ending": ending }, ending);
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000), ...options });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error ?? `answered ${answer.status}`);
  return found;
}

// How it is now

let before = null;
let heardAt = 0;

async function look() {
  try {
    show(await ask("api/state"));
    heardAt = Date.now();
  } catch (error) {
    $("headline").dataset.level = "stopped";
    text("title", "The service does not answer");
    const since = heardAt ? `, last heard ${span((Date.now() - heardAt) / 1000)} ago` : "";
    text("detail", `${error.message}${since}. The figures below may be out of date.`);
    $("remedy").hidden = true;
  }
}

function show(state) {
  $("headline").dataset.level = state.level;
  text("title", state.title);
  text("detail", state.detail);
  text("remedy", state.remedy);
  $("remedy").hidden = !state.remedy;
  document.title = `${state.level === "good" ? "" : "! "}${state.title} · hull-planhat`;
  text("group", `${state.kafka.topics.join(", ")} as ${state.kafka.group}`);
  text("version", `· ${state.version}, up ${span(state.uptime_seconds)}`);
  showFigures(state);
  fill($("lanes"), state.lanes.map(lane));
  fill($("skips"), state.skips.map(skip), make("li", { class: "quiet" }, "Nothing skipped since the start."));
  fill($("troubles"), state.troubles.map(trouble), make("li", { class: "quiet" }, "None since the start."));
  fill($("partitions"), state.kafka.partitions.map(partition), row([["This replica owns no partition.", { class: "empty", colspan: 5 }]]));
  before = { at: Date.parse(state.at), totals: state.totals };
}

function showFigures(state) {
  const quota = state.quota;
  text("lag", brief.format(state.kafka.unread));
  const open = state.pending.records;
  text("lag-note", `${whole.format(open)} on ${open === 1 ? "its" : "their"} way`);
  text("oldest", state.oldest ? span(state.oldest.seconds) : "none");
  fill($("oldest-note"), state.oldest?.hull_id ? [seeker(state.oldest.hull_id, "What does it wait for?")] : []);
  text("quota", `${Math.round(quota.used_ratio * 100)} %`);
  $("quota-meter").value = Math.min(1, quota.used_ratio);
  text("quota-note", `of ${whole.format(Math.round(quota.limit))} calls a minute`);
  const seconds = before ? (Date.parse(state.at) - before.at) / 1000 : 0;
  for (const ending of ["delivered", "skipped", "rejected"]) {
    text(ending, brief.format(state.totals[ending]));
    const rate = seconds > 0 ? (state.totals[ending] - before.totals[ending]) / seconds : 0;
    text(`${ending}-note`, rate > 0 ? `${brief.format(rate)} a second` : "since the start");
  }
  if (state.dead_letters.waiting) {
    text("rejected-note", `${whole.format(state.dead_letters.waiting)} not in ${state.dead_letters.topic} yet`);
  }
}

function row(cells) {
  return make("tr", {}, ...cells.map(([content, attributes = {}]) => make("td", attributes, content)));
}

function lane(one) {
  const number = { class: "number" };
  return make("tr", {},
    make("th", { scope: "row" }, NAMES[one.resource] ?? one.resource),
    make("td", number, whole.format(one.waiting)),
    make("td", number, whole.format(one.in_flight)),
    make("td", number, whole.format(one.parked)),
    make("td", {}, laneState(one)));
}

function laneState(one) {
  if (one.refused) {
    return make("span", { class: "badge", "data-level": "trouble" }, "refused by Planhat");
  }
  if (one.breaker !== "closed") {
    const next = one.breaker === "half-open" ? "probing now" : `probe in ${span(one.next_probe_in_seconds)}`;
    return make("span", { class: "badge", "data-level": "trouble" }, `held, ${next}`);
  }
  if (one.ready && one.ready_for_seconds >= 5) return `ready for ${span(one.ready_for_seconds)}`;
  const isMoving = one.in_flight || one.ready;
  return make("span", { class: "quiet" }, isMoving ? "moving" : one.waiting ? "waiting" : "idle");
}

function skip(one) {
  return make("li", {},
    make("span", { class: "count" }, brief.format(one.count)),
    make("span", { class: "grow" }, one.reason, " ", make("span", { class: "quiet" }, KINDS[one.kind] ?? one.kind)));
}

function trouble(one) {
  return make("li", { "data-level": one.level },
    make("span", { class: "count" }, `${whole.format(one.count)}\u00d7`),
    make("span", { class: "grow" }, make("span", { class: "name" }, one.event), " ", one.reason,
      one.hull_id ? " " : null, one.hull_id ? seeker(one.hull_id, one.hull_id) : null),
    make("span", { class: "when" }, ago(one.last_at)));
}

function partition(one) {
  const number = { class: "number" };
  const lag = one.lag === null ? "?" : whole.format(one.lag);
  return row([[one.topic], [String(one.partition), number], [lag, number],
    [whole.format(one.unresolved), number], [String(one.next_offset ?? "–"), number]]);
}

// What became of somebody

let wanted = "";
let asked = 0;

function seeker(name, label) {
  return make("button", { type: "button", class: "link", "data-seek": name }, label);
}

async function seek(query, moves = false) {
  wanted = query.trim();
  $("query").value = query;
  const here = wanted ? `?query=${encodeURIComponent(wanted)}` : "";
  history.replaceState(null, "", `${location.pathname}${here}`);
  if (moves) {
    choose("tab-now");
    $("query").focus();
    $("search").scrollIntoView({ block: "start" });
  }
  await refresh();
}

async function refresh() {
  const turn = ++asked;
  const path = (query) => `api/outcomes?query=${encodeURIComponent(query)}`;
  try {
    const [latest, found] = await Promise.all([ask(path("")), wanted ? ask(path(wanted)) : null]);
    if (turn !== asked) return; // somebody asked for something else meanwhile
    fill($("latest"), latest.outcomes.slice(0, 12).map(latestRow), row([["Nothing has ended yet.", { class: "empty", colspan: 4 }]]));
    answer(found);
  } catch (error) {
    if (turn === asked && wanted) fill($("answer"), [make("p", { class: "complaint" }, `The search failed: ${error.message}.`)]);
  }
}

function latestRow(one) {
  const name = one.email ?? one.external_id ?? one.hull_id;
  const profile = one.hull_id ? seeker(one.hull_id, name) : make("span", { class: "quiet" }, `${one.topic} ${one.partition}/${one.offset}`);
  const why = one.ending === "delivered" && one.profile === "delivered" ? changes(one) : one.says;
  return row([[ago(one.at), { class: "when" }], [profile], [badge(fate(one))], [why]]);
}

// The profile first: where only its events went, the contact was skipped.
function fate(one) {
  return one.profile ?? one.ending;
}

function changes(one) {
  return one.changes.map((each) => `${each.resource} ${each.change ?? each.ending}`).join(", ");
}

function answer(found) {
  const opened = new Set([...$("answer").querySelectorAll("details[open]")].map((each) => each.dataset.of));
  if (!found) return fill($("answer"), []);
  const blocks = [...found.waiting, ...found.outcomes];
  const heads = found.profiles.length ? found.profiles.map((one) => standing(one, found.profiles.length > 1, blocks[0]?.says)) : [make("h2", { class: "answer-title" }, unknown(found))];
  fill($("answer"), [...heads, ...blocks.map((one, at) => outcome(one, at, opened))]);
}

function standing(one, isOneOfMany, known) {
  const name = isOneOfMany ? `${one.kind} ${one.hull_id}: ` : "";
  const since = one.since ? [", since ", ago(one.since), one.is_exact ? "" : " or longer"] : [];
  return make("div", { class: "standing", "data-state": one.state },
    make("h2", { class: "answer-title" }, `${name}${one.title}`, ...since),
    one.detail && one.detail !== known ? make("p", { class: "hint" }, one.detail) : null);
}

function unknown(found) {
  const since = found.since ? ` in the last ${span((Date.now() - Date.parse(found.since)) / 1000)}` : "";
  const unread = found.unread > 1 ? ` It may be among the ${whole.format(found.unread)} records that are not read yet.`
    : found.unread ? " It may be the one record that is not read yet." : "";
  return `This replica remembers no message about it${since}.${unread}`;
}

function outcome(one, at, opened) {
  const place = `${one.topic} ${one.partition}/${one.offset}${one.position === null ? "" : ` #${one.position}`}`;
  const names = [one.hull_id, one.external_id, one.email].filter(Boolean).join(" · ");
  const kind = { "user:update": "user", "account:update": "account" }[one.channel] ?? "";
  return make("article", { class: at ? "outcome older" : "outcome", "data-ending": fate(one) },
    make("p", { class: "first" }, badge(fate(one)), ago(one.at ?? one.read_at),
      make("span", { class: "who" }, [kind, names].filter(Boolean).join(" "))),
    make("p", { class: "why" }, one.says),
    make("p", { class: "who" }, `record ${place}`),
    make("ul", {}, ...one.changes.map((each, index) => change(each, `${place}-${index}`, opened, one.says)),
      ...one.skips.filter((each) => !one.says.includes(each.reason)).map((each) =>
        make("li", {}, badge("skipped"), ` ${NAMES[each.resource] ?? each.resource}: ${each.reason}`))));
}

function change(one, name, opened, known) {
  const what = one.ending === "delivered" ? ` ${one.says}` : "";
  const reason = one.reason && !known.includes(one.reason) ? `: ${one.reason}` : "";
  return make("li", {}, badge(one.ending), ` ${NAMES[one.resource] ?? one.resource}${what}${reason}`,
    one.payload === null ? null : make("details", { "data-of": name, open: opened.has(name) },
      make("summary", {}, one.ending === "delivered" && one.change === "unchanged" ? "What Planhat already has" : "Payload"),
      make("pre", {}, JSON.stringify(one.payload, null, 2))));
}

// Explain

async function explain() {
  const message = $("message").value.trim();
  if (!message) return $("message").focus();
  try {
    const found = await ask("api/explain", { method: "POST", headers: { "Content-Type": "application/json" }, body: message });
    const cut = found.is_cut ? [make("p", { class: "complaint" }, "Too long to show in full: “...” marks what is left out.")] : [];
    fill($("explained"), [...cut, ...found.messages.map(explained)], make("p", { class: "complaint" }, "The envelope holds no messages: nothing would be sent."));
  } catch (error) {
    fill($("explained"), [make("p", { class: "complaint" }, `Could not explain it: ${error.message}.`)]);
  }
}

const VERDICTS = { send: ["delivered", "would be sent"], skip: ["skipped", "would be skipped"], reject: ["rejected", "would be rejected"] };

function explained(one) {
  const [ending, label] = one.summary && one.verdict === "send" ? ["skipped", "only its events would be sent"] : VERDICTS[one.verdict];
  const names = [one.hull_id, one.external_id, one.email].filter(Boolean).join(" · ");
  return make("article", { class: "outcome", "data-ending": ending },
    make("p", { class: "first" }, make("span", { class: "badge", "data-ending": ending }, label),
      make("span", { class: "who" }, `${one.kind} ${names}${one.is_export ? " (export)" : ""}`)),
    one.reason ? make("p", { class: "why" }, one.summary || one.reason) : null,
    ...one.conditions.map((each) => make("p", { class: "hint" }, each)),
    make("ul", { class: "steps" }, ...one.steps.map((step) => make("li", { "data-passed": String(step.passed) },
      make("span", { class: "sign", "aria-label": step.passed ? "passed" : "stopped" }, step.passed ? "\u2713" : "\u2717"),
      make("span", { class: "step" }, step.name), make("span", { class: "say" }, step.detail)))),
    one.fields.length ? fields(one.fields) : null,
    ...one.requests.map(request));
}

function fields(rows) {
  const head = ["Planhat", "Hull", "Value", ""].map((each) => make("th", { scope: "col" }, each));
  const body = rows.map((each) => row([[`${each.model} ${each.target}`], [each.attribute],
    [each.is_sent ? JSON.stringify(each.written) : make("span", { class: "quiet" }, "not sent")], [each.note, { class: "quiet" }]]));
  return make("div", { class: "part" }, make("h4", {}, "Fields"),
    make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body))));
}

function request(one) {
  return make("div", { class: "part" },
    make("h4", {}, one.only_if ? `Request, only if ${one.only_if}` : "Request"),
    make("code", {}, `${one.method} ${one.path}`), make("pre", {}, JSON.stringify(one.body, null, 2)));
}

// Tabs, keys and the clock

function choose(id) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const chosen = tab.id === id;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => choose(tab.id));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    const other = tab.id === "tab-now" ? "tab-explain" : "tab-now";
    const next = { Home: "tab-now", End: "tab-explain" }[event.key] ?? other;
    choose(next);
    $(next).focus();
    event.preventDefault();
  });
}

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-seek]")?.dataset.seek;
  if (name !== undefined) seek(name, true);
});

document.addEventListener("keydown", (event) => {
  const isTyping = /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    choose("tab-now");
    $("query").focus();
    event.preventDefault();
  }
});

$("search").addEventListener("submit", (event) => { event.preventDefault(); seek($("query").value); });
$("query").addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); seek(""); } });
$("explain").addEventListener("submit", (event) => { event.preventDefault(); explain(); });
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); explain(); }
});

function every(milliseconds, work) {
  const turn = async () => {
    if (!document.hidden) await work();
    setTimeout(turn, milliseconds);
  };
  setTimeout(turn, milliseconds);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) { look(); refresh(); } });
every(STATE_EVERY, look);
every(LATEST_EVERY, refresh);
look();
seek(new URLSearchParams(location.search).get("query") ?? "");
