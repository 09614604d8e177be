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

{{- define "hull-planhat.connector" -}}
{{- toYaml .Values.connector }}
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
{{- if $v.autoscaling.enabled }}{{ include "hull-planhat.checkScaling" . }}{{ end }}
{{- if and $v.topics.create (not $v.topics.cluster) }}
{{- fail "topics.cluster: missing: name Strimzi's Kafka resource that shall have the topics" }}
{{- end }}
{{- if and $v.topics.create (gt (int $v.topics.minInsyncReplicas) (int $v.topics.replicas)) }}
{{- fail (printf "topics.minInsyncReplicas: %d: must be at most topics.replicas (%d), or nothing can be written" (int $v.topics.minInsyncReplicas) (int $v.topics.replicas)) }}
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
{{- if and .Values.kafka.tls.existingSecret (not (hasSuffix "SSL" .Values.kafka.securityProtocol)) }}
{{- fail (printf "kafka.tls.existingSecret: set, but kafka.securityProtocol is %s: make it SSL or SASL_SSL" .Values.kafka.securityProtocol) }}
{{- end }}
{{- end }}

{{- define "hull-planhat.checkSettings" -}}
{{- $own := list "CONNECTOR_SETTINGS" "SHUTDOWN_DRAIN_SECONDS" "KAFKA_BOOTSTRAP_SERVERS" "KAFKA_TOPICS" "KAFKA_GROUP_ID" "KAFKA_GROUP_INSTANCE_ID" "KAFKA_SESSION_TIMEOUT_SECONDS" "KAFKA_DEAD_LETTER_TOPIC" "KAFKA_RESULTS_TOPIC" "KAFKA_SECURITY_PROTOCOL" "KAFKA_SASL_MECHANISM" "KAFKA_SASL_USERNAME" "KAFKA_SSL_CA_FILE" "KAFKA_SSL_CERT_FILE" "KAFKA_SSL_KEY_FILE" "PLANHAT_TENANT_ID" "PLANHAT_API_URL" "PLANHAT_ANALYTICS_URL" "PLANHAT_REQUESTS_PER_MINUTE" "PLANHAT_BURST" "HTTP_ENABLED" "HTTP_HOST" "HTTP_PORT" "LOG_LEVEL" "LOG_FORMAT" }}
{{- range $name, $_ := .Values.settings }}
{{- if or (contains "TOKEN" $name) (contains "PASSWORD" $name) }}
{{- fail (printf "settings.%s: a secret would lie in the pod's description: use planhat.existingSecret or kafka.sasl.existingSecret" $name) }}
{{- end }}
{{- if has $name $own }}
{{- fail (printf "settings.%s: the chart sets it: use the value of the chart (kafka, planhat, log, drainSeconds)" $name) }}
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
