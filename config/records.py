"""Every field of the hashes that this project has in Redis, on one page; their keys are in config/keys.py.

Redis holds text; a field's type says what it is of. A field that is not there stands for nothing, 0 or no, as
its meaning says. Records of older versions may lack any of them but the first few of a brief.
"""

from config.limits import ROWS, Endpoint
from config.recorded.fields import COUNT, CREDITS, JSON, MARK, MS, TEXT, TIME, Field
from config.recorded.hooks import HOOK, HOOKS_AT
from config.recorded.installation import EVENTS_SIZE, HISTORY, SCHEMA, STREAM
from config.recorded.orders import FIELDS as ORDER

#: What briefs and promotions have in common: where they stand, and what they hold.
_COMMON = (
    Field("state", TEXT, "every move", "where it stands (worker/ledger/states.py)"),
    Field("moved_at", TIME, "every move", "when it came to that state"),
    Field("left", TEXT, "every move", "the state before that"),
    Field("made_at", TIME, "results, end", "when its job ended well: with drafts, or with an identity"),
    Field("account", TEXT, "arrival, choice", "the account that it is for"),
    Field("batch", TEXT, "arrival, choice, update", "its batch; none: it is in no batch"),
    Field(
        "place", COUNT, "arrival, choice, update", "its score in the waiting list: priority, then fairness"
    ),
    Field("need", COUNT, "arrival, choice", "slots that it needs, 1 if not said"),
    Field("grants", COUNT, "grant", "how often it was granted a request: the number of its newest attempt"),
    Field("granted_at", TIME, "grant", "when a request was granted to it last"),
    Field("claim", TEXT, "claim of a paid call", "the name of the claim, by which a repeated one is known"),
    Field("hinted", TIME, "wake", "since when its step is queued; gone when the step has looked"),
    Field("message", TEXT, "wake", "the id of that step's message"),
    Field("told_at", TIME, "event stream", "when the stream last spoke of its job"),
    Field("noted_at", TIME, "a step", "when it was changed last without a move"),
    Field("error", TEXT, "a step", "what went wrong last"),
    Field("trace", TEXT, "arrival, choice", "the trace that it is a part of, as a traceparent of W3C"),
    Field("lacked", TEXT, "permits", "while it waits: what it has lacked so far"),
    Field("stays", TEXT, "every move", "states that it was in for a second or more: name, since, ms, lacked"),
    Field("question", TEXT, "hold", "what an operator is asked while it is held"),
    Field(
        "evidence",
        JSON,
        "hold of a step that fails",
        "which step failed, the error, which workers died of it",
    ),
    Field("unknown_since", TIME, "a step", "since when the API answers 404 for its job or identity"),
    Field("written_off", CREDITS, "an end", "what it may have bought; counted as spent until that is known"),
)

BRIEF = (
    *_COMMON,
    Field("accepted_at", TIME, "arrival", "when it was accepted; tells it from a brief that has replaced it"),
    Field(
        "envelope", TEXT, "arrival, update", "how the data of its events begin: the inside of a JSON object"
    ),
    Field("body", JSON, "arrival, preparation", "the body of the create"),
    Field("fingerprint", TEXT, "arrival, preparation", "digest of the body, to tell a request by"),
    Field("parts", JSON, "arrival, update", "path -> digest of that part, to compare briefs by"),
    Field("source", TEXT, "arrival", "digest of what it was read from"),
    Field("content", TEXT, "arrival", "digest of body and photo"),
    Field("sent_at", TIME, "arrival", "if it is traced: when its message was sent, as its sender says"),
    Field("inlet", TEXT, "arrival", "the further inlet that it came by; none: it came by the inlet of all"),
    Field("sender", TEXT, "arrival", "the sender, if one who sees only what it has sent itself"),
    Field("asked", TEXT, "earlier versions", "digest of all that it asked for, before there were `parts`"),
    Field("name", TEXT, "arrival", "the name that it gives its identities"),
    Field("choose", JSON, "arrival", "how drafts are chosen, an instruction each"),
    Field("on_name_taken", TEXT, "arrival", "`suffix` or `fail`"),
    Field("priority", COUNT, "arrival, update", "its priority"),
    Field("variations", COUNT, "arrival", "drafts that it will buy"),
    Field("notes", JSON, "arrival", "what is odd about it without being a fault"),
    Field("faults", JSON, "arrival", "the rules that it breaks"),
    Field("bought_before", JSON, "arrival", "when the same was bought before, as which brief"),
    Field("earlier", JSON, "arrival", "the briefs that it has replaced"),
    Field("reference_image", TEXT, "arrival", "its photo's path or URL"),
    Field("kind", TEXT, "arrival", "`description` (of its photo, no more) or `import`; none: identities"),
    Field("keep_exif", MARK, "arrival", "its photos are uploaded with their metadata"),
    Field("files", JSON, "preparation", "path or URL -> file id, of those uploaded"),
    Field("photos", JSON, "preparation", "path or URL -> what was removed of its metadata, once uploaded"),
    Field("extracted", JSON, "preparation", "the traits that the API saw in its photo"),
    Field("extractions", COUNT, "preparation", "extractions that were begun"),
    Field("suggested_name", TEXT, "preparation", "what the API would call the person in its photo"),
    Field("job_name", TEXT, "preparation", "what its job is called, if it names nothing itself"),
    Field("turn", COUNT, "preparation", "calls that were begun: the number of the newest"),
    Field("doing", TEXT, "preparation", "the call whose end is not recorded yet, `upload` or `extract`"),
    Field("tries", COUNT, "preparation", "calls in a row that came to nothing"),
    Field("fetch_ms", MS, "preparation", "how long its fetches took in all that came to nothing"),
    Field("job_id", TEXT, "create", "its job at the API"),
    Field("pages", COUNT, "create", "creates of it that a page has answered in place of the API"),
    Field("call_ended", MARK, "create", "the create whose outcome is unknown has certainly ended"),
    Field("candidate_jobs", JSON, "hold", "jobs that may be its own, of which an operator is asked"),
    Field("drafts", JSON, "results", "its drafts"),
    Field("judging", MARK, "results, retry", "a rule has yet to look at its drafts"),
    Field(
        "decisions",
        JSON,
        "a rule",
        "what rules that look at drafts have said: a choice, or why a person is asked",
    ),
    Field("credits_used", CREDITS, "results", "what its drafts cost, as the API says"),
    Field("credits_counted", CREDITS, "results", "how much of that is counted as spent"),
    Field("promotions", COUNT, "choice", "how many promotions it has"),
    Field("unfinished", COUNT, "choice, end of a promotion", "how many of them are not finished"),
    Field(
        "promotion_grants",
        COUNT,
        "retry",
        "the attempts that its earlier promotions had: new ones go on from that number",
    ),
    Field("archived", JSON, "archiver", "which of its pictures are archived, where, and their digests"),
    Field("events", COUNT, "every event", "events that were told of it: the number of the newest"),
    Field("counted", TEXT, "every move, update", "how it is counted: round, state, cause, batch"),
    Field("wish", TEXT, "cancel, give up", "the end that an operator wants: `cancelled` or `failed`"),
    Field("wish_why", TEXT, "cancel, give up", "who wants it, in words"),
)

PROMOTION = (
    *_COMMON,
    Field("brief", TEXT, "choice", "its brief's id"),
    Field("instruction", COUNT, "choice", "its instruction, from 0"),
    Field("name", TEXT, "choice", "the name that its brief gives its identities"),
    Field(
        "on_name_taken",
        TEXT,
        "choice",
        "`suffix` or `fail`, as its brief says; none: planned by an older version",
    ),
    Field("photo", TEXT, "arrival", "of an import: its portrait's path; none: it is a draft's promotion"),
    Field("keep_exif", MARK, "arrival", "of an import: as its brief has it"),
    Field("tag", TEXT, "arrival", "of an import: the identity's tag"),
    Field(
        "name_number", COUNT, "refusal", "of an import: the number behind its name; none: it has no number"
    ),
    Field("photo_done", JSON, "import", "what was removed of the portrait's metadata"),
    Field("candidates", JSON, "choice", "the drafts to try, best first"),
    Field("tried", COUNT, "choice, refusal", "which candidate it is at, from 0"),
    Field("repeated", MARK, "failed preprocessing", "the draft was promoted once more"),
    Field("identity_code", TEXT, "promote", "its identity"),
    Field("preprocessing_job_id", TEXT, "promote", "the job that prepares the identity"),
    Field("outcome", JSON, "end", "what the last event of its brief says of it"),
)

ACCOUNT = (
    *(Field(name, row.unit, "limits", f"its limit: {row.meaning}") for name, row in ROWS.items()),
    Field("weight:%s", COUNT, "limits", "batch: its share; none: 1"),
    Field("owner", TEXT, "start", "digest of the owner of its token (worker/operations/owners.py)"),
    Field(
        "owner_open_until",
        TIME,
        "`--token-changed`",
        "until when a process with another token may take it over",
    ),
    Field("configured", JSON, "limits", "what the accounts file said last of its limits"),
    *(
        field
        for what, of in (
            ("pause", "the account"),
            (Endpoint.CREATE, "creates"),
            (Endpoint.PROMOTE, "promotes"),
            ("prepare", "uploads and extractions"),
        )
        for field in (
            Field(f"{what}_until", TIME, "refusal", f"until when {of} must wait"),
            Field(
                f"{what}_count",
                COUNT,
                "refusal",
                "how many refusals in a row led to this; 0: none did",
            ),
            Field(f"{what}_reason", TEXT, "refusal", "why: the API's words"),
            Field(
                f"{what}_status", COUNT, "refusal", "the status of the API's answer; none: it did not answer"
            ),
            Field(f"{what}_full", MARK, "refusal", "the reason is that no slot is left"),
        )
    ),
    Field("pause_absent", MARK, "a step", "it is paused because no process has its token"),
    Field("token", TEXT, "limits", "fingerprint of its token"),
    Field("token_seen", TEXT, "count", "fingerprint of the token whose end was looked up last"),
    Field("token_seen_at", TIME, "count", "when that was"),
    Field("token_ends", TIME, "count", "when that token ends; none: nobody says"),
    Field("events", COUNT, "an event of it", "number of the newest event about the account itself"),
    Field("working", COUNT, "refusal", "jobs that it may have while others use some; none: its limit"),
    Field("working_until", TIME, "refusal, permits", "when one job more is tried"),
    Field("slots_seen", COUNT, "refusal, count", "identities that it held when the API refused one more"),
    Field("slots_seen_at", TIME, "refusal", "when that was"),
    Field("slots_seen_reason", TEXT, "refusal", "the API's words"),
    Field("slots_beyond", MARK, "promote", "the API has taken one more since: the next count tells"),
    Field("halted", JSON, "pause", "a person has paused it: who, when, why"),
    Field("past", JSON, "a claim, `restored`", "why it is unknown what it has bought; written like `halted`"),
    Field("past_since", TIME, "a claim, `restored`", "since when that is unknown"),
    Field("past_until", TIME, "a claim, `restored`", "until when it may have bought what is not on record"),
    Field(
        "past_looked", JSON, "a look back", "which pages of the API's list of jobs, and which jobs, were read"
    ),
    Field("past_known", TIME, "a look back", "when all was found that it may have bought"),
    Field("past_message", TEXT, "timers", "the id of the message of the next look back"),
    Field("recounts", COUNT, "recount", "how often its briefs were counted anew"),
    Field("count_message", TEXT, "timers", "the id of the message by which its identities are counted"),
    Field("spent", CREDITS, "results, promote", "what it cost since it was given a budget"),
    Field("credits", CREDITS, "count", "its balance, as the API said when its identities were counted"),
    Field("spent:%s", CREDITS, "results, promote, extract", "call: what such calls have cost, since counted"),
    Field("drafts_credits", CREDITS, "results", "what its drafts have cost in all"),
    Field("drafts_made", COUNT, "results", "how many drafts those were: a draft's price is the mean"),
    Field("drafts_ended", MARK, "results", "one of its jobs has ended, so a price may be known"),
    Field("drafts_ms", MS, "results", "how long its latest creation jobs took (mean)"),
    Field("drafts_seen", COUNT, "results", "the number of jobs in that mean, 20 at most"),
    Field("drafts_told_ms", MS, "results", "the longest of the latest whose end the stream has told"),
    Field("preprocessing_ms", MS, "end", "how long its latest preprocessing jobs took (mean)"),
    Field("preprocessing_seen", COUNT, "end", "the number of jobs in that mean, 20 at most"),
    Field("preprocessing_told_ms", MS, "end", "the longest of the latest whose end the stream has told"),
    Field(
        "virtual:%s",
        COUNT,
        "grant",
        "priority: virtual time of the last start (worker/ledger/lua/lib/accounts/fair.lua)",
    ),
    Field("newest:%s", COUNT, "arrival", "priority: the latest tag given to a batch that is not behind"),
)

BATCH = (
    Field("allowed", CREDITS, "budget", "what the batch may cost; none: no limit"),
    Field("spent", CREDITS, "results, promote", "what it has cost so far"),
    Field("open", COUNT, "arrival, end", "its briefs that are not finished"),
    Field("halted", JSON, "pause", "a person has paused it: who, when, why"),
)

#: Key in config/keys.py, and first part of the subject where one template serves several -> the fields.
RECORDS: dict[tuple[str, str | None], tuple[Field, ...]] = {
    ("RECORD", "brief"): BRIEF,
    ("RECORD", "promotion"): PROMOTION,
    ("RECORD", "account"): ACCOUNT,
    ("BUDGET", None): BATCH,
    ("STREAM", None): STREAM,
    ("HISTORY", None): HISTORY,
    ("SCHEMA", None): SCHEMA,
    ("EVENTS_SIZE", None): EVENTS_SIZE,
    ("HOOK", None): HOOK,
    ("HOOKS_AT", None): HOOKS_AT,
    ("ORDER", None): ORDER,
}
