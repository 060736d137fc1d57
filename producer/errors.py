"""What can go wrong, cut by what to do about it.

The first line of a docstring is the operator's message; `what_to_do` is the cure. Foreign exceptions become one of
these at the door they came in by, so inner code never sees aiohttp's or aiokafka's own. Texts never hold a secret.
"""

from __future__ import annotations

from typing import ClassVar


class ProducerError(Exception):
    """Something went wrong that has no better name."""

    what_to_do: ClassVar[str] = "report it with the log lines around it"
    exit_code: ClassVar[int] = 70


# --- before anything runs -------------------------------------------------------------------------------------------


class ConfigurationError(ProducerError):
    """The configuration can't be used; nothing was started."""

    what_to_do = "correct the settings named in the message; `genesys-producer config check` tries them without running"
    exit_code = 78


class UsageError(ProducerError):
    """The command line can't be understood."""

    what_to_do = "see `genesys-producer --help`"
    exit_code = 64


class PrerequisiteMissing(ProducerError):
    """Something this command needs is not on this machine, or does not answer."""

    what_to_do = "install or start what the message names"
    exit_code = 69


# --- the source: Genesys Cloud --------------------------------------------------------------------------------------


class SourceError(ProducerError):
    """Genesys Cloud did not give what was asked for.

    `correlation_id` is the ININ-Correlation-Id of the answer, which the vendor's support asks for (None: no answer).
    """

    what_to_do = "see the code and the message of the answer"
    exit_code = 69

    def __init__(self, message: str, *, code: str = "", correlation_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.correlation_id = correlation_id


class SourceUnavailable(SourceError):
    """Genesys Cloud can't be reached or answers with server errors; reads wait and go on by themselves."""

    what_to_do = "nothing, if it passes; else check network, proxy and the vendor's status page"
    exit_code = 75


class RateLimited(SourceError):
    """Genesys Cloud asked us to wait (429), more often than one request may be repeated."""

    what_to_do = "nothing: the limiter has learned; if it persists, other clients of the organisation use up the limit"
    exit_code = 75


class MalformedBody(SourceError):
    """An answer is not what the API speaks: empty, truncated, HTML, or JSON of another shape; it is asked for again."""

    what_to_do = "nothing, if it passes; else look for a proxy or gateway that answers in the API's place"
    exit_code = 75


class CredentialsRefused(SourceError):
    """Genesys Cloud refuses the OAuth client: unknown client id, wrong secret, or a client that was disabled."""

    what_to_do = "check genesys.client_id, genesys.client_secret and genesys.region; a rotated secret is read by itself"


class PermissionMissing(SourceError):
    """The OAuth client lacks a permission (403)."""

    what_to_do = "give a role of the OAuth client the permission named in the message, in every division to be read"


class AddressNotAllowed(SourceError):
    """The organisation's IP allow list refuses this address."""

    what_to_do = "add this machine's outgoing address to the organisation's allow list"


class WrongOrganisation(SourceError):
    """The token belongs to another organisation than the one configured or recorded in the checkpoint."""

    what_to_do = "check genesys.realm_id and the credentials; another organisation needs its own kafka.topics.prefix"


class ClockAhead(SourceError):
    """This machine's clock is ahead of Genesys Cloud's: windows would lie in its future and come back empty."""

    what_to_do = "synchronise this machine's clock (NTP); until then nothing is read"


class WindowRefused(SourceError):
    """Genesys Cloud refuses this one window, and would again: it becomes a hole, and the head goes on behind it."""

    what_to_do = "nothing at once; if the hole stays, see its reason in `genesys-producer status`"


class TooManyHoles(SourceError):
    """So many windows were refused that the head waits for a person: something is wrong that no further read mends."""

    what_to_do = "see the reasons of the holes in `genesys-producer status` and mend the cause"


# --- the sink: Kafka ------------------------------------------------------------------------------------------------


class SinkError(ProducerError):
    """Kafka did not take what was written."""

    what_to_do = "see the message"
    exit_code = 69


class SinkUnavailable(SinkError):
    """Kafka can't be reached, or the outcome of a commit is unknown; the lane starts again from what was committed."""

    what_to_do = "nothing, if it passes; else check the brokers, the network and kafka.bootstrap_servers"
    exit_code = 75


class SinkRefused(SinkError):
    """Kafka refuses us: authentication, authorisation, or a topic that is not as declared."""

    what_to_do = (
        "check kafka.security, the ACLs, and the topics: `genesys-producer topics create` makes what is missing"
    )


class LaneInUse(SinkError):
    """The lane was written to a moment ago: a daemon seems to be at work, and what was asked for would fence it."""

    what_to_do = (
        "stop the daemon and ask again a minute later; or --take-over: the daemon takes its lane back by itself"
    )


class Fenced(SinkError):
    """Another instance took over this transactional id; this one stopped without writing."""

    what_to_do = "nothing, if another replica runs; else look for a second user of the same kafka.application_id"


class StateTooNew(SinkError):
    """The state topic holds a format that this version does not know."""

    what_to_do = "roll forward to the version that wrote it"


# --- the webhook ----------------------------------------------------------------------------------------------------


class WebhookNotKept(ProducerError):
    """Pending deliveries can't be kept on disk: a process that ends before they are taken loses them."""

    what_to_do = "make state.path a folder that this user may write to, with room on its disk"
    exit_code = 69


# --- the data -------------------------------------------------------------------------------------------------------


class Malformed(ProducerError):
    """A conversation that can't be normalised or encoded; it goes to the dead letters as it came.

    `reason` is one of a bounded set (it labels a metric); `path` is the JSON path of the offending field.
    """

    what_to_do = "look at the record in the dead-letter topic"

    def __init__(self, reason: str, path: str, message: str) -> None:
        super().__init__(f"{message} at {path}")
        self.message = message
        self.reason = reason
        self.path = path
