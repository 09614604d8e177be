{{- define "hull-planhat.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "hull-planhat.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hull-planhat.labels" -}}
{{ include "hull-planhat.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "hull-planhat.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "hull-planhat.name" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "hull-planhat.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* What lies in the ConfigMap: the tenant id lies in a Secret. */}}
{{- define "hull-planhat.connector" -}}
{{- toYaml (omit .Values.connector "tenant_id") }}
{{- end }}

{{- define "hull-planhat.tenantSecret" -}}
{{- .Values.planhat.tenantIdSecret | default (printf "%s-tenant" (include "hull-planhat.name" .)) }}
{{- end }}

{{/* Without a login and a network policy the whole cluster could look at it. */}}
{{- define "hull-planhat.hasConsole" -}}
{{- /* A release of an older chart, upgraded with --reuse-values, has no `console`. */}}
{{- $isProtected := or (.Values.console | default dict).existingSecret .Values.networkPolicy.enabled }}
{{- /* Empty is as good as not set, as everywhere in settings. */}}
{{- $given := get .Values.settings "HTTP_CONSOLE" | toString | trim | lower }}
{{- if ne $given "" | ternary (regexMatch "^(true|yes|on|1|t|y)$" $given) $isProtected }}true{{ end }}
{{- end }}

{{- define "hull-planhat.isSasl" -}}
{{- if hasPrefix "SASL" .Values.kafka.securityProtocol }}true{{ end }}
{{- end }}

{{- define "hull-planhat.isTls" -}}
{{- if and (hasSuffix "SSL" .Values.kafka.securityProtocol) .Values.kafka.tls.existingSecret }}true{{ end }}
{{- end }}

{{- define "hull-planhat.secretOf" -}}
{{- .existing | default (printf "%s-%s" .name .suffix) }}
{{- end }}

{{/* Where the secrets for Kafka lie, as sources of a projected volume. */}}
{{- define "hull-planhat.kafkaSecrets" -}}
{{- if include "hull-planhat.isSasl" . }}
- secret:
    name: {{ include "hull-planhat.secretOf" (dict "existing" .Values.kafka.sasl.existingSecret "name" (include "hull-planhat.name" .) "suffix" "kafka") }}
    items:
      - {key: {{ .Values.kafka.sasl.password | empty | ternary .Values.kafka.sasl.existingSecretKey "password" }}, path: kafka-sasl-password}
{{- end }}
{{- if include "hull-planhat.isTls" . }}
- secret:
    name: {{ .Values.kafka.tls.existingSecret }}
    items:
      {{- with .Values.kafka.tls.caKey }}
      - {key: {{ . }}, path: kafka-ca.pem}
      {{- end }}
      {{- with .Values.kafka.tls.certKey }}
      - {key: {{ . }}, path: kafka-cert.pem}
      {{- end }}
      {{- with .Values.kafka.tls.keyKey }}
      - {key: {{ . }}, path: kafka-key.pem}
      {{- end }}
      {{- with .Values.kafka.tls.keyPasswordKey }}
      - {key: {{ . }}, path: kafka-key-password}
      {{- end }}
{{- end }}
{{- end }}

{{/* Rules of a network policy: who may ask for metrics. */}}
{{- define "hull-planhat.metricsFrom" -}}
{{- $n := .Values.networkPolicy }}
- from:
    {{- if $n.ingressFrom }}{{ toYaml $n.ingressFrom | nindent 4 }}{{ else }}
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: monitoring}
    {{- end }}
  ports:
    - {port: http, protocol: TCP}
{{- end }}

{{/* And where every pod of ours must get to: DNS and Kafka. */}}
{{- define "hull-planhat.egress" -}}
{{- $n := .Values.networkPolicy }}
{{- $ports := list }}
{{- range splitList "," .Values.kafka.bootstrapServers }}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .) | int) }}
{{- end }}
{{- range $n.kafkaPorts }}{{ $ports = append $ports (int .) }}{{ end }}
# DNS
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
      podSelector:
        matchLabels: {k8s-app: kube-dns}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
# Kafka
- {{ with $n.kafkaTo }}to: {{- toYaml . | nindent 4 }}
  {{ end }}ports:
    {{- range $ports | uniq }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}

{{- define "hull-planhat.receiveSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-receive
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Another name than the service's: what selects its pods must not find these. */}}
{{- define "hull-planhat.receiveLabels" -}}
{{ include "hull-planhat.receiveSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What the schema cannot say, since it compares two values. Each message names what to do. */}}
{{- define "hull-planhat.check" -}}
{{- $v := .Values }}
{{- if not $v.kafka.bootstrapServers }}
{{- fail "kafka.bootstrapServers: missing: give the brokers, e.g. --set kafka.bootstrapServers=kafka:9092" }}
{{- end }}
{{- if not (or $v.planhat.accessToken $v.planhat.existingSecret) }}
{{- fail "planhat: no token: set planhat.existingSecret (or planhat.accessToken, and the chart makes a Secret)" }}
{{- end }}
{{- if and $v.planhat.accessToken $v.planhat.existingSecret }}
{{- fail "planhat: accessToken and existingSecret are both set: give one of them" }}
{{- end }}
{{- if not $v.connector }}
{{- fail "connector: empty: give Hull's private_settings, e.g. --set-file, or connector: in a values file (docs/configuration.md)" }}
{{- end }}
{{- if not (or $v.connector.tenant_id $v.planhat.tenantIdSecret) }}
{{- fail "connector.tenant_id: missing: set it, or planhat.tenantIdSecret" }}
{{- end }}
{{- if and (kindIs "float64" $v.connector.tenant_id) (gt (float64 $v.connector.tenant_id) 9007199254740991.0) }}
{{- fail "connector.tenant_id: put it in quotes: Helm loses digits of a number that large" }}
{{- end }}
{{- if gt (int $v.replicas) (int $v.kafka.partitions) }}
{{- fail (printf "replicas: %d: at most kafka.partitions (%d): a member without a partition never becomes ready" (int $v.replicas) (int $v.kafka.partitions)) }}
{{- end }}
{{- if lt (int $v.terminationGracePeriodSeconds) (add (int $v.drainSeconds) 20 | int) }}
{{- fail (printf "terminationGracePeriodSeconds: %d: must be at least drainSeconds (%d) + 20, or Kubernetes kills the service while it drains" (int $v.terminationGracePeriodSeconds) (int $v.drainSeconds)) }}
{{- end }}
{{- if gt (float64 $v.planhat.burst) (float64 $v.planhat.requestsPerMinute) }}
{{- fail (printf "planhat.burst: %v: must be at most planhat.requestsPerMinute (%v)" $v.planhat.burst $v.planhat.requestsPerMinute) }}
{{- end }}
{{- include "hull-planhat.checkKafka" . }}
{{- include "hull-planhat.checkSettings" . }}
{{- include "hull-planhat.checkConnector" . }}
{{- if $v.autoscaling.enabled }}{{ include "hull-planhat.checkScaling" . }}{{ end }}
{{- /* A release of an older chart, upgraded with --reuse-values, has no `receive`. */}}
{{- if ($v.receive | default dict).enabled }}{{ include "hull-planhat.checkReceive" . }}{{ end }}
{{- if and $v.topics.create (not $v.topics.cluster) }}
{{- fail "topics.cluster: missing: name Strimzi's Kafka resource that shall have the topics" }}
{{- end }}
{{- if and $v.topics.create (gt (int $v.topics.minInsyncReplicas) (int $v.topics.replicas)) }}
{{- fail (printf "topics.minInsyncReplicas: %d: must be at most topics.replicas (%d), or nothing can be written" (int $v.topics.minInsyncReplicas) (int $v.topics.replicas)) }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkReceive" -}}
{{- $r := .Values.receive }}
{{- if and (eq $r.signature "ignored") (not $r.existingSecret) }}
{{- fail "receive.existingSecret: missing, and receive.signature is ignored: everybody could write into the topic" }}
{{- end }}
{{- if and (eq $r.signature "required") (not $r.publicKeyKey) (not $r.hosts) }}
{{- fail "receive.signature: required, but no key can be had: set receive.publicKeyKey, or receive.hosts to the host that Hull's notifications name" }}
{{- end }}
{{- if and $r.publicKeyKey (not $r.existingSecret) }}
{{- fail "receive.publicKeyKey: set, but receive.existingSecret is not" }}
{{- end }}
{{- if and $r.ingress.enabled (not $r.ingress.host) }}
{{- fail "receive.ingress.host: missing: give the name by which Hull reaches it" }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkKafka" -}}
{{- $sasl := .Values.kafka.sasl }}
{{- if include "hull-planhat.isSasl" . }}
{{- if not (and $sasl.mechanism $sasl.username (or $sasl.password $sasl.existingSecret)) }}
{{- fail (printf "kafka.securityProtocol: %s: needs kafka.sasl.mechanism, .username and a password (.existingSecret or .password)" .Values.kafka.securityProtocol) }}
{{- end }}
{{- else if $sasl.mechanism }}
{{- fail (printf "kafka.sasl.mechanism: set, but kafka.securityProtocol is %s: make it SASL_SSL" .Values.kafka.securityProtocol) }}
{{- end }}
{{- if and $sasl.password $sasl.existingSecret }}
{{- fail "kafka.sasl: password and existingSecret are both set: give one of them" }}
{{- end }}
{{- if and (include "hull-planhat.isTls" .) (not .Values.kafka.tls.certKey) }}
{{- range $name := list "keyKey" "keyPasswordKey" }}
{{- if get $.Values.kafka.tls $name }}
{{- fail (printf "kafka.tls.%s: set, but kafka.tls.certKey is not" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- $topics := .Values.kafka.topics }}
{{- range $name := list "deadLetterTopic" "resultsTopic" "outcomesTopic" }}
{{- $topic := get $.Values.kafka $name }}
{{- if has $topic $topics }}
{{- fail (printf "kafka.%s: %s: is used already: give it a topic of its own" $name $topic) }}
{{- end }}
{{- $topics = append $topics $topic }}
{{- end }}
{{- if and .Values.kafka.tls.existingSecret (not (hasSuffix "SSL" .Values.kafka.securityProtocol)) }}
{{- fail (printf "kafka.tls.existingSecret: set, but kafka.securityProtocol is %s: make it SSL or SASL_SSL" .Values.kafka.securityProtocol) }}
{{- end }}
{{- end }}

{{/* What the program would refuse at its start. files/settings.json is made of its own models. */}}
{{- define "hull-planhat.checkSettings" -}}
{{- $own := list "CONNECTOR_SETTINGS" "SHUTDOWN_DRAIN_SECONDS" "KAFKA_BOOTSTRAP_SERVERS" "KAFKA_TOPICS" "KAFKA_GROUP_ID" "KAFKA_GROUP_INSTANCE_ID" "KAFKA_SESSION_TIMEOUT_SECONDS" "KAFKA_DEAD_LETTER_TOPIC" "KAFKA_RESULTS_TOPIC" "KAFKA_OUTCOMES_TOPIC" "KAFKA_SECURITY_PROTOCOL" "KAFKA_SASL_MECHANISM" "KAFKA_SASL_USERNAME" "KAFKA_SSL_CA_FILE" "KAFKA_SSL_CERT_FILE" "KAFKA_SSL_KEY_FILE" "PLANHAT_TENANT_ID" "HTTP_USERNAME" "PLANHAT_API_URL" "PLANHAT_ANALYTICS_URL" "PLANHAT_REQUESTS_PER_MINUTE" "PLANHAT_BURST" "HTTP_ENABLED" "HTTP_PORT" "LOG_LEVEL" "LOG_FORMAT" "RECEIVE_SIGNATURE" "RECEIVE_HOSTS" "RECEIVE_PUBLIC_KEY_FILE" }}
{{- $known := .Files.Get "files/settings.json" | fromJson }}
{{- range $name, $value := .Values.settings }}
{{- if or (contains "TOKEN" $name) (contains "PASSWORD" $name) }}
{{- fail (printf "settings.%s: a secret would lie in the pod's description: use planhat.existingSecret, kafka.sasl.existingSecret, console.existingSecret or receive.existingSecret" $name) }}
{{- end }}
{{- if has $name $own }}
{{- fail (printf "settings.%s: the chart sets it: use the value of the chart (kafka, planhat, console, log, receive, drainSeconds)" $name) }}
{{- end }}
{{- if and (eq $name "HTTP_HOST") (regexMatch "^(127[.]|::1$|localhost$)" (toString $value)) }}
{{- fail (printf "settings.HTTP_HOST: %s: the probes come from outside the pod: leave it empty, or give an address that they reach" (toString $value)) }}
{{- end }}
{{- if and (eq $name "HTTP_ALLOWED_HOSTS") (regexMatch "[][:/*@]" (toString $value)) }}
{{- fail (printf "settings.%s: %s: must be names of hosts without scheme and port, like console.example.com" $name (toString $value)) }}
{{- end }}
{{- $bounds := get $known.environment $name }}
{{- if $bounds }}
{{- include "hull-planhat.checkSetting" (dict "name" $name "value" $value "bounds" $bounds) }}
{{- else if and (regexMatch "^(PLANHAT|KAFKA|HTTP|LOG|RECEIVE)_" $name) (ne $name "HTTP_PROXY") }}
{{- fail (printf "settings.%s: no such setting: docs/configuration.md names them all" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkSetting" -}}
{{- $text := toString .value | trim | lower }}
{{- /* A number from a values file is a float here: 1000000 is no 1e+06. */}}
{{- if kindIs "float64" .value }}{{ $text = toJson .value }}{{ end }}
{{- $shown := printf "settings.%s: %s" .name ($text | quote) }}
{{- $number := "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)(e[+-]?[0-9]+)?$" }}
{{- $units := dict "" 1 "b" 1 "k" 1000 "kb" 1000 "m" 1000000 "mb" 1000000 "g" 1000000000 "gb" 1000000000 "kib" 1024 "mib" 1048576 "gib" 1073741824 }}
{{- $is := .bounds.kind }}
{{- /* The program reads 1_000 as Python does. */}}
{{- if has $is (list "integer" "number") }}{{ $text = regexReplaceAll "([0-9])_" $text "${1}" }}{{ end }}
{{- $size := regexFind "^[0-9.]+" $text }}
{{- $unit := trimPrefix $size $text | trim }}
{{- if eq $text "" }}
{{- else if and (eq $is "boolean") (not (has $text (list "true" "false" "yes" "no" "on" "off" "1" "0" "t" "f" "y" "n"))) }}
{{- fail (printf "%s: must be true or false" $shown) }}
{{- else if and (eq $is "integer") (not (regexMatch "^[+-]?[0-9]+([.]0*)?$" $text)) }}
{{- fail (printf "%s: must be a whole number" $shown) }}
{{- else if and (eq $is "number") (not (regexMatch $number $text)) }}
{{- fail (printf "%s: must be a number" $shown) }}
{{- else if and (eq $is "bytes") (not (and (regexMatch $number $size) (hasKey $units $unit))) }}
{{- fail (printf "%s: must be a number of bytes, like 4194304 or 4MiB" $shown) }}
{{- else if and .bounds.choices (not (has $text .bounds.choices)) }}
{{- fail (printf "%s: must be one of: %s" $shown (join ", " .bounds.choices)) }}
{{- else if has $is (list "integer" "number" "bytes") }}
{{- $amount := float64 $text }}
{{- if eq $is "bytes" }}{{ $amount = mulf (float64 $size) (get $units $unit) }}{{ end }}
{{- if and (hasKey .bounds "least") (lt $amount (float64 .bounds.least)) }}
{{- fail (printf "%s: must be at least %s" $shown (toJson .bounds.least)) }}
{{- end }}
{{- if and (hasKey .bounds "most") (gt $amount (float64 .bounds.most)) }}
{{- fail (printf "%s: must be at most %s" $shown (toJson .bounds.most)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkConnector" -}}
{{- $known := .Files.Get "files/settings.json" | fromJson }}
{{- range $table, $targets := $known.targets }}
{{- range get $.Values.connector $table | default list }}
{{- $row := . | default dict }}
{{- $target := get $row "service_field_name" | default "" | toString | trim }}
{{- $source := get $row "hull_field_name" | default "" | toString | trim }}
{{- $isFilled := and $target $source }}
{{- if and $isFilled (not (has (regexReplaceAll "[^a-z0-9]" (lower $target) "") $targets)) }}
{{- fail (printf "connector.%s: %q is not a standard field of Planhat; map it as a custom attribute, or use one of docs/configuration.md" $table $target) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkScaling" -}}
{{- $a := .Values.autoscaling }}
{{- if not $a.prometheusUrl }}
{{- fail "autoscaling.prometheusUrl: missing: KEDA asks Prometheus, e.g. http://prometheus.monitoring:9090" }}
{{- end }}
{{- if not .Values.monitoring.enabled }}
{{- fail "autoscaling.enabled: needs monitoring.enabled: KEDA asks Prometheus for what the service measures" }}
{{- end }}
{{- if gt (int $a.minReplicas) (int $a.maxReplicas) }}
{{- fail (printf "autoscaling.minReplicas: %d: must be at most autoscaling.maxReplicas (%d)" (int $a.minReplicas) (int $a.maxReplicas)) }}
{{- end }}
{{- if gt (int $a.maxReplicas) (int .Values.kafka.partitions) }}
{{- fail (printf "autoscaling.maxReplicas: %d: at most kafka.partitions (%d): a member without a partition never becomes ready" (int $a.maxReplicas) (int .Values.kafka.partitions)) }}
{{- end }}
{{- end }}
