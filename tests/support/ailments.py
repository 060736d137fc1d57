"""Every prerequisite broken on purpose, and what `doctor` is to say of it."""

from __future__ import annotations

from producer.dev.rehearsal import free_port
from tests.support.ward import Case, Ward

WRONG_SECRET = "doctor/Mistyped+03d1"
WRONG_PASSWORD = "kafka/Mistyped+77aa"
READER = "reader"
STRANGER = "stranger"
TOKEN_PATH = "/oauth/token"
OTHER_ORGANISATION = "00000000-0000-4000-8000-000000000000"
HOOK_TOKEN = "hook-canary-91c2"
HOOK_SECRET = "whsec_ZG9jdG9yL3NpZ25pbmcvY2FuYXJ5LzkxYzI="


def cases(ward: Ward) -> list[Case]:
    """All that is broken, one thing or a few that have nothing to do with one another at a time."""
    nobody = free_port()
    tls = f"https://{ward.guarded.address}"
    empty = ward.directory / "secrets"
    empty.mkdir()
    (empty / "genesys__client_secret").write_text("\n")
    file = ward.directory / "a-file"
    file.write_text("")
    return [
        Case("nothing is broken", {}),
        Case(
            "settings, a secret and the virtual clock",
            {
                "settings": ("failed", "capture.poll_interval (PRODUCER_CAPTURE__POLL_INTERVAL): ", "correct the"),
                "secrets": ("failed", f"({empty}/genesys__client_secret): the file can't be used (is empty)", "mount"),
                "virtual clock": ("failed", "a virtual clock is refused unless genesys.api_url is an", "remove the"),
            },
            {
                "GENESYS__API_URL": "",
                "GENESYS__LOGIN_URL": "",
                "GENESYS__CLIENT_SECRET": "",
                "GENESYS__REGION": "mypurecloud.ie",
                "CAPTURE__POLL_INTERVAL": "soon",
                "DEV__CLOCK_ORIGIN": "2026-03-10T10:00:00Z",
                "DEV__CLOCK_EPOCH": "1770000000",
                "SECRETS_DIR": str(empty),
            },
        ),
        Case(
            "a region that is none",
            {"settings": ("failed", "must be a domain or one of: ap-northeast-1", "correct the settings")},
            {"GENESYS__API_URL": "", "GENESYS__LOGIN_URL": "", "GENESYS__REGION": "nowhere"},
        ),
        Case(
            "the machine, an unknown client and a broker that nobody runs",
            {
                "python": ("failed", "run with -O", "without -O"),
                "state path": ("failed", "a-file/below: Not a directory", "state.path"),
                "admin port": ("failed", f"127.0.0.1:{ward.taken_port}: Address already in use", "admin.port"),
                "login": ("failed", "unknown client: 400 invalid_client client not found", "genesys.client_id"),
                "broker": ("failed", "ConnectionRefusedError", "nobody listens there"),
            },
            {
                "STATE__PATH": str(file / "below"),
                "ADMIN__PORT": str(ward.taken_port),
                "GENESYS__CLIENT_ID": "somebody",
                "KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{nobody}",
            },
            options=("-O",),
        ),
        Case(
            "a wrong secret and a wrong password",
            {
                "login": ("failed", "wrong secret: 401 invalid_client", "genesys.client_secret"),
                "broker": ("failed", "SaslAuthenticationFailed: Authentication failed", "kafka.security.password"),
            },
            {"GENESYS__CLIENT_SECRET": WRONG_SECRET, "KAFKA__SECURITY__PASSWORD": WRONG_PASSWORD},
        ),
        Case(
            "names that nobody knows",
            {
                "login host": ("failed", "login.nowhere.invalid: ClientConnectorDNSError", "DNS"),
                "API host": ("failed", "api.nowhere.invalid: ClientConnectorDNSError", "DNS"),
                "broker": ("failed", "gaierror", "DNS"),
            },
            {
                "GENESYS__API_URL": "",
                "GENESYS__LOGIN_URL": "",
                "GENESYS__REGION": "nowhere.invalid",
                "KAFKA__BOOTSTRAP_SERVERS": "broker.nowhere.invalid:9092",
            },
        ),
        Case(
            "certificates of strangers",
            {
                "login host": ("failed", "ClientConnectorCertificateError", "SSL_CERT_FILE"),
                "API host": ("failed", "ClientConnectorCertificateError", "SSL_CERT_FILE"),
                "broker": ("failed", "certificate verify failed", "kafka.security.ca_file"),
                "webhook": ("warning", "ClientConnectorCertificateError", "webhook.url"),
            },
            {
                "GENESYS__API_URL": tls,
                "GENESYS__LOGIN_URL": tls,
                "KAFKA__SECURITY__CA_FILE": "",
                "WEBHOOK__URL": f"{tls}/{HOOK_TOKEN}",
                "WEBHOOK__SECRETS": HOOK_SECRET,
            },
        ),
        Case(
            "a dead proxy, and plaintext to TLS",
            {
                "login host": ("failed", "ClientProxyConnectionError", "HTTP_PROXY"),
                "API host": ("failed", "ClientProxyConnectionError", "HTTP_PROXY"),
                "broker": ("failed", "KafkaConnectionError", "kafka.security.protocol"),
            },
            {
                "KAFKA__SECURITY__PROTOCOL": "",
                "KAFKA__SECURITY__SASL_MECHANISM": "",
                "KAFKA__SECURITY__USERNAME": "",
                "KAFKA__SECURITY__PASSWORD": "",
                "KAFKA__SECURITY__CA_FILE": "",
            },
            {"HTTP_PROXY": f"http://somebody:{WRONG_PASSWORD.replace('/', '%2F')}@127.0.0.1:{nobody}"},
        ),
        Case(
            "a proxy that is none, and a mechanism that is not offered",
            {
                "login host": ("failed", "HTTPS_PROXY is no address of a proxy", "correct the variable"),
                "API host": ("failed", "HTTPS_PROXY is no address of a proxy", "correct the variable"),
                "broker": ("failed", "UnsupportedSaslMechanismError", "kafka.security.sasl_mechanism"),
            },
            {"KAFKA__SECURITY__SASL_MECHANISM": "SCRAM-SHA-256"},
            {"HTTPS_PROXY": f"socks5://somebody:{WRONG_PASSWORD}@127.0.0.1"},
        ),
        Case(
            "an API host that does not answer, and topics that are missing",
            {
                "API host": ("failed", "ClientConnectorError", "firewall"),
                "topics": ("failed", "none.state.v1: the topic is missing", "genesys-producer topics create"),
            },
            {
                "GENESYS__API_URL": f"http://127.0.0.1:{nobody}",
                "KAFKA__TOPICS__PREFIX": "none",
                "KAFKA__APPLICATION_ID": "none",
            },
        ),
        Case(
            "another organisation, and topics that are otherwise",
            {
                "organisation": ("failed", f"genesys.realm_id is {OTHER_ORGANISATION}", "genesys.realm_id"),
                "topics": ("failed", "odd.conversations.v1: the number of partitions is 5, declared 12", "partition"),
            },
            {
                "GENESYS__REALM_ID": OTHER_ORGANISATION,
                "KAFKA__TOPICS__PREFIX": "odd",
                "KAFKA__APPLICATION_ID": "odd",
            },
        ),
        Case(
            "a permission that is missing, and nothing allowed but looking",
            {
                "permission": ("failed", "analytics:conversationDetail:view", "every division"),
                "topic access": ("failed", "ward.state.v1: Read is not allowed", "ACL"),
                "transactional id": ("failed", "TransactionalIdAuthorizationFailed", "on the transactional id"),
            },
            {**ward.organisation("forbidding"), "KAFKA__SECURITY__USERNAME": READER},
        ),
        Case(
            "a limit that is used up, and a stranger to the cluster",
            {
                "rate limit": ("failed", "Retry the request in [17] seconds", "other clients"),
                "topics": ("failed", "TopicAuthorizationFailedError", "Describe and DescribeConfigs"),
                "transactional id": ("failed", "TransactionalIdAuthorizationFailed", "on the transactional id"),
            },
            {**ward.organisation("limiting"), "KAFKA__SECURITY__USERNAME": STRANGER},
        ),
        Case(
            "an address that is not allowed",
            {"allow list": ("failed", "Your IP address is not allowed", "allow list")},
            ward.organisation("walled"),
        ),
        Case(
            "a permission that is missing by id alone",
            {"permission by id": ("failed", "analytics:conversationDetail:view", "every division")},
            ward.organisation("half-forbidding"),
        ),
        Case(
            "names that may not be looked up",
            {"names": ("warning", "queue: a permission is missing (it takes routing:queue:view)", "every division")},
            ward.organisation("nameless"),
        ),
        Case(
            "a clock that is ahead, and a webhook that nobody runs",
            {
                "clock": ("failed", "ahead of the server's", "NTP"),
                "webhook": ("warning", f"connection at 127.0.0.1:{nobody}: ClientConnectorError", "receiver runs"),
            },
            {
                **ward.organisation("past"),
                "WEBHOOK__URL": f"http://127.0.0.1:{nobody}/{HOOK_TOKEN}",
                "WEBHOOK__SECRETS": HOOK_SECRET,
                "WEBHOOK__ALLOW_HTTP": "true",
            },
        ),
        Case(
            "a limit below the setting, tiers that do not fit it, and a declaration above what is there",
            {
                "rate limit": ("warning", "the API allows 120 a minute", "limits.requests_per_minute to 120"),
                "budget": ("warning", "of 172,800 requests", "capture.rereads"),
                "topics": ("warning", "ward.state.v1: the replication factor is 1, declared 2", "reassign"),
            },
            {
                **ward.organisation("headed"),
                "CAPTURE__HEAD_LAG": "1s",
                "CAPTURE__REREADS": "4s",
                "KAFKA__REPLICATION_FACTOR": "2",
            },
        ),
    ]
