{{/* The environment of the service: names of docs/configuration.md; a test checks that each exists. */}}
{{- define "hull-planhat.env" -}}
{{- $k := .Values.kafka }}
{{- $p := .Values.planhat }}
{{- $env := dict
  "CONNECTOR_SETTINGS" "/etc/hull-planhat/connector.yaml"
  "SHUTDOWN_DRAIN_SECONDS" .Values.drainSeconds
  "KAFKA_GROUP_ID" $k.groupId
  "KAFKA_SESSION_TIMEOUT_SECONDS" $k.sessionTimeoutSeconds
  "PLANHAT_ACCESS_TOKEN_FILE" "/run/secrets/hull-planhat/planhat-access-token"
  "PLANHAT_REQUESTS_PER_MINUTE" $p.requestsPerMinute
  "PLANHAT_BURST" $p.burst
  "PLANHAT_API_URL" $p.apiUrl
  "PLANHAT_ANALYTICS_URL" $p.analyticsUrl
  "LOG_LEVEL" .Values.log.level
  "LOG_FORMAT" .Values.log.format
  "HTTP_PORT" 8080 }}
{{- include "hull-planhat.kafkaEnv" (dict "env" $env "root" .) }}
{{- $console := .Values.console | default dict }}
{{- if $console.existingSecret }}
{{- $_ := set $env "HTTP_PASSWORD_FILE" "/run/secrets/hull-planhat/console-password" }}
{{- end }}
{{- if not (include "hull-planhat.hasConsole" .) }}{{ $_ := set $env "HTTP_CONSOLE" "false" }}{{ end }}
{{- $name := include "hull-planhat.name" . }}
{{- $service := printf "%s.%s" $name .Release.Namespace }}
{{- $hosts := list $name $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service) }}
{{- with .Values.settings.HTTP_ALLOWED_HOSTS }}{{ $hosts = append $hosts . }}{{ end }}
{{- $_ := set $env "HTTP_ALLOWED_HOSTS" (join "," $hosts) }}
{{- include "hull-planhat.envList" (merge $env .Values.settings) }}
- name: PLANHAT_TENANT_ID
  valueFrom:
    secretKeyRef: {name: {{ include "hull-planhat.tenantSecret" . }}, key: {{ $p.tenantIdSecret | empty | ternary "tenant-id" $p.tenantIdSecretKey }}}
{{- with $console.existingSecret }}
- name: HTTP_USERNAME
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $console.usernameKey | default "username" }}}
{{- end }}
{{- end }}

{{/* Adds to `.env` how Kafka is reached, by the values of `.root`. */}}
{{- define "hull-planhat.kafkaEnv" -}}
{{- $k := .root.Values.kafka }}
{{- $_ := set .env "KAFKA_BOOTSTRAP_SERVERS" $k.bootstrapServers }}
{{- $_ := set .env "KAFKA_TOPICS" (join "," $k.topics) }}
{{- $_ := set .env "KAFKA_DEAD_LETTER_TOPIC" $k.deadLetterTopic }}
{{- $_ := set .env "KAFKA_RESULTS_TOPIC" $k.resultsTopic }}
{{- $_ := set .env "KAFKA_OUTCOMES_TOPIC" $k.outcomesTopic }}
{{- $_ := set .env "KAFKA_SECURITY_PROTOCOL" $k.securityProtocol }}
{{- if include "hull-planhat.isSasl" .root }}
{{- $_ := set .env "KAFKA_SASL_MECHANISM" $k.sasl.mechanism }}
{{- $_ := set .env "KAFKA_SASL_USERNAME" $k.sasl.username }}
{{- $_ := set .env "KAFKA_SASL_PASSWORD_FILE" "/run/secrets/hull-planhat/kafka-sasl-password" }}
{{- end }}
{{- if include "hull-planhat.isTls" .root }}
{{- if $k.tls.caKey }}{{ $_ := set .env "KAFKA_SSL_CA_FILE" "/run/secrets/hull-planhat/kafka-ca.pem" }}{{ end }}
{{- if $k.tls.certKey }}{{ $_ := set .env "KAFKA_SSL_CERT_FILE" "/run/secrets/hull-planhat/kafka-cert.pem" }}{{ end }}
{{- if $k.tls.keyKey }}{{ $_ := set .env "KAFKA_SSL_KEY_FILE" "/run/secrets/hull-planhat/kafka-key.pem" }}{{ end }}
{{- if $k.tls.keyPasswordKey }}{{ $_ := set .env "KAFKA_SSL_KEY_PASSWORD_FILE" "/run/secrets/hull-planhat/kafka-key-password" }}{{ end }}
{{- end }}
{{- end }}

{{/* Names and values as a container has them; an empty value is none. */}}
{{- define "hull-planhat.envList" -}}
{{- range $name, $value := . }}
{{- /* A number from a values file is a float here; 1000000 must not become 1e+06. */}}
{{- $text := toString $value }}
{{- if kindIs "float64" $value }}{{ $text = toJson $value }}{{ end }}
{{- if ne $text "" }}
- name: {{ $name }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The environment of the receiver: neither Planhat's token nor anything else of Planhat. */}}
{{- define "hull-planhat.receiveEnv" -}}
{{- $r := .Values.receive }}
{{- $env := dict
  "SHUTDOWN_DRAIN_SECONDS" .Values.drainSeconds
  "RECEIVE_SIGNATURE" $r.signature
  "RECEIVE_HOSTS" (join "," $r.hosts)
  "LOG_LEVEL" .Values.log.level
  "LOG_FORMAT" .Values.log.format
  "HTTP_PORT" 8080 }}
{{- include "hull-planhat.kafkaEnv" (dict "env" $env "root" .) }}
{{- if $r.existingSecret }}{{ $_ := set $env "RECEIVE_TOKEN_FILE" "/run/secrets/hull-planhat/receive-token" }}{{ end }}
{{- if $r.publicKeyKey }}{{ $_ := set $env "RECEIVE_PUBLIC_KEY_FILE" "/run/secrets/hull-planhat/hull-public-key.pem" }}{{ end }}
{{- range $name, $value := .Values.settings }}
{{- if regexMatch "^(RECEIVE|LOG)_|^HTTP_HOST$|^UVLOOP$" $name }}{{ $_ := set $env $name $value }}{{ end }}
{{- end }}
{{- include "hull-planhat.envList" $env }}
{{- end }}
