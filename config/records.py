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
    Field("moved_at", TIME, "every move", "since when"),
    Field("left", TEXT, "every move", "the state before"),
    Field("made_at", TIME, "results, end", "when its job had ended well: its drafts, or its identity"),
    Field("account", TEXT, "arrival, choice", "the account that it is for"),
    Field("batch", TEXT, "arrival, choice, update", "its batch; none: it is in no batch"),
    Field(
        "place", COUNT, "arrival, choice, update", "its score in the waiting list: priority, then fairness"
    ),
    Field("need", COUNT, "arrival, choice", "slots that it needs, 1 if not said"),
    Field("grants", COUNT, "grant", "how often it was granted a request: the number of its newest attempt"),
    Field("granted_at", TIME, "grant", "when it was last"),
    Field("claim", TEXT, "claim of a paid call", "the name of the claim, by which a repeated one is known"),
    Field("hinted", TIME, "wake", "since when its step is queued; gone when the step has looked"),
    Field("message", TEXT, "wake", "the id of that step's message"),
    Field("told_at", TIME, "event stream", "when the stream last spoke of its job"),
    Field("noted_at", TIME, "a step", "when it was changed last without a move"),
    Field("error", TEXT, "a step", "what went wrong last"),
    Field("trace", TEXT, "arrival, choice", "the trace that it is a part of, as a traceparent of W3C"),
    Field("lacked", TEXT, "permits", "of one that waits: what it has lacked so far"),
    Field("stays", TEXT, "every move", "states that it was in for long: name, since, ms, what it lacked"),
    Field("question", TEXT, "hold", "what an operator is asked while it is held"),
    Field("evidence", JSON, "hold of a step that fails", "which step failed, the error, who died of it"),
    Field("unknown_since", TIME, "a step", "since when the API answers that it does not know it"),
    Field("written_off", CREDITS, "an end", "what it may have bought, counted as spent until it tells"),
)

BRIEF = (
    *_COMMON,
    Field("accepted_at", TIME, "arrival", "when it was accepted; tells it from another one in its place"),
    Field(
        "envelope", TEXT, "arrival, update", "how the data of its events begin: the inside of a JSON object"
    ),
    Field("body", JSON, "arrival, preparation", "the body of the create"),
    Field("fingerprint", TEXT, "arrival, preparation", "digest of the body, to tell a request by"),
    Field("parts", JSON, "arrival, update", "path -> digest of what stands there, to compare it by"),
    Field("source", TEXT, "arrival", "digest of what it was read from"),
    Field("content", TEXT, "arrival", "digest of body and photo"),
    Field("sent_at", TIME, "arrival", "of one that is traced: when its message was sent, as its sender says"),
    Field("inlet", TEXT, "arrival", "the further inlet that it came by; none: it came by that of all"),
    Field("sender", TEXT, "arrival", "who sent it by HTTP and sees no others'; none: anybody else"),
    Field("asked", TEXT, "earlier versions", "digest of all that it asked for, before there were `parts`"),
    Field("name", TEXT, "arrival", "the name that it gives its identities"),
    Field("choose", JSON, "arrival", "how drafts are chosen, an instruction each"),
    Field("on_name_taken", TEXT, "arrival", "`suffix` or `fail`"),
    Field("priority", COUNT, "arrival, update", "its priority"),
    Field("variations", COUNT, "arrival", "drafts that it will buy"),
    Field("notes", JSON, "arrival", "what is odd about it and no fault"),
    Field("faults", JSON, "arrival", "the rules that it breaks"),
    Field("bought_before", JSON, "arrival", "when the same was bought before, as which brief"),
    Field("earlier", JSON, "arrival", "the briefs whose place it has taken"),
    Field("reference_image", TEXT, "arrival", "its photo's path or URL"),
    Field("kind", TEXT, "arrival", "`description` of its photo and no more, or `import`; none: identities"),
    Field("keep_exif", MARK, "arrival", "its photos are uploaded with all that they say of themselves"),
    Field("files", JSON, "preparation", "path or URL -> file id, of those uploaded"),
    Field("photos", JSON, "preparation", "path or URL -> what was removed of its metadata, once uploaded"),
    Field("extracted", JSON, "preparation", "the traits that the API saw in its photo"),
    Field("extractions", COUNT, "preparation", "extractions that were begun"),
    Field("suggested_name", TEXT, "preparation", "what the API would call the person in its photo"),
    Field("job_name", TEXT, "preparation", "what its job is called, as it names nothing itself"),
    Field("turn", COUNT, "preparation", "calls that were begun: the number of the newest"),
    Field("doing", TEXT, "preparation", "the call whose end is not recorded yet, `upload` or `extract`"),
    Field("tries", COUNT, "preparation", "calls in a row that came to nothing"),
    Field("fetch_ms", MS, "preparation", "how long fetches took in all that came to nothing"),
    Field("job_id", TEXT, "create", "its job at the API"),
    Field("call_ended", MARK, "create", "the create whose outcome is unknown is known to be over"),
    Field("candidate_jobs", JSON, "hold", "jobs that may be its own, of which an operator is asked"),
    Field("drafts", JSON, "results", "its drafts"),
    Field("judging", MARK, "results, retry", "a rule has yet to look at its drafts"),
    Field("decisions", JSON, "a rule", "what rules that look at drafts have said, chosen, or asked a person"),
    Field("credits_used", CREDITS, "results", "what its drafts cost, as the API says"),
    Field("credits_counted", CREDITS, "results", "how much of that is counted as spent"),
    Field("promotions", COUNT, "choice", "how many promotions it has"),
    Field("unfinished", COUNT, "choice, end of a promotion", "how many of them are not finished"),
    Field("promotion_grants", COUNT, "retry", "attempts of an earlier choice's promotions, to go on from"),
    Field("archived", JSON, "archiver", "which of its pictures lie in the archive, where, their digests"),
    Field("events", COUNT, "every event", "events that were told of it: the number of the newest"),
    Field("counted", TEXT, "every move, update", "as what it is counted: round, state, cause, batch"),
    Field("wish", TEXT, "cancel, give up", "as what an operator ends it, `cancelled` or `failed`"),
    Field("wish_why", TEXT, "cancel, give up", "who does, in words"),
)

PROMOTION = (
    *_COMMON,
    Field("brief", TEXT, "choice", "its brief's id"),
    Field("instruction", COUNT, "choice", "its instruction, from 0"),
    Field("name", TEXT, "choice", "the name that its brief gives its identities"),
    Field("on_name_taken", TEXT, "choice", "`suffix` or `fail`, as its brief; none: an older plan"),
    Field("photo", TEXT, "arrival", "of an import: its portrait's path; none: it is of a draft"),
    Field("keep_exif", MARK, "arrival", "of an import: as of its brief"),
    Field("tag", TEXT, "arrival", "of an import: the identity's tag"),
    Field("name_number", COUNT, "refusal", "of an import: the number behind its name; none: there is none"),
    Field("photo_done", JSON, "import", "what was removed of the portrait's metadata"),
    Field("candidates", JSON, "choice", "the drafts to try, best first"),
    Field("tried", COUNT, "choice, refusal", "the candidate that it is at, from 0"),
    Field("repeated", MARK, "failed preprocessing", "the draft was promoted once more"),
    Field("identity_code", TEXT, "promote", "its identity"),
    Field("preprocessing_job_id", TEXT, "promote", "the job that prepares the identity"),
    Field("outcome", JSON, "end", "what its brief's last event says of it"),
)

ACCOUNT = (
    *(Field(name, row.unit, "limits", f"its limit: {row.meaning}") for name, row in ROWS.items()),
    Field("weight:%s", COUNT, "limits", "batch: its share, 1 where it is not there"),
    Field("owner", TEXT, "start", "digest of whom its token is of (worker/operations/owners.py)"),
    Field("owner_open_until", TIME, "`--token-changed`", "until when who has another token may take it over"),
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
                "refusals in a row that made it; 0: it was no refusal",
            ),
            Field(f"{what}_reason", TEXT, "refusal", "the API's words"),
            Field(f"{what}_status", COUNT, "refusal", "the status that the API answered; none: it did not"),
            Field(f"{what}_full", MARK, "refusal", "it was refused as there is no slot left"),
        )
    ),
    Field("pause_absent", MARK, "a step", "its pause is for that: no process has its token"),
    Field("token", TEXT, "limits", "fingerprint of its token"),
    Field("token_seen", TEXT, "count", "fingerprint of the token of which it was looked when it ends"),
    Field("token_seen_at", TIME, "count", "when"),
    Field("token_ends", TIME, "count", "when that ends; none: nobody says"),
    Field("events", COUNT, "an event of it", "events that were told of the account itself"),
    Field("working", COUNT, "refusal", "jobs that it may have while others use some; none: its limit"),
    Field("working_until", TIME, "refusal, permits", "when one more is tried"),
    Field("slots_seen", COUNT, "refusal, count", "identities that it holds, as the API refused one more"),
    Field("slots_seen_at", TIME, "refusal", "when it did"),
    Field("slots_seen_reason", TEXT, "refusal", "in which words"),
    Field("slots_beyond", MARK, "promote", "the API took one more than that: the next count tells"),
    Field("halted", JSON, "pause", "that a person has paused it: who, when, why"),
    Field(
        "past", JSON, "a claim, `restored`", "that it is unknown what it has bought: in the form of `halted`"
    ),
    Field("past_since", TIME, "a claim, `restored`", "since when that is unknown"),
    Field("past_until", TIME, "a claim, `restored`", "until when it may have bought what is not on record"),
    Field("past_looked", JSON, "a look back", "how far that has come with the API's list, and with its jobs"),
    Field("past_known", TIME, "a look back", "when all that was found which it may have bought"),
    Field("past_message", TEXT, "timers", "the id of the message by which it is looked for"),
    Field("recounts", COUNT, "recount", "how often its briefs were counted anew"),
    Field("count_message", TEXT, "timers", "the id of the message by which its identities are counted"),
    Field("spent", CREDITS, "results, promote", "what it cost since it was given a budget"),
    Field("credits", CREDITS, "count", "its balance, as the API said when its identities were counted"),
    Field("spent:%s", CREDITS, "results, promote, extract", "call: what such calls have cost, since counted"),
    Field("drafts_credits", CREDITS, "results", "what all its drafts cost"),
    Field("drafts_made", COUNT, "results", "how many those were: the price of one is the mean"),
    Field("drafts_ended", MARK, "results", "a job of it has ended, so a price may be known"),
    Field("drafts_ms", MS, "results", "how long its latest jobs took, the mean"),
    Field("drafts_seen", COUNT, "results", "of how many, 20 at most"),
    Field("drafts_told_ms", MS, "results", "how long the longest took of those of which the stream has told"),
    Field("preprocessing_ms", MS, "end", "how long its latest preprocessing took, the mean"),
    Field("preprocessing_seen", COUNT, "end", "of how many, 20 at most"),
    Field("preprocessing_told_ms", MS, "end", "how long the longest took of which the stream has told"),
    Field("virtual:%s", COUNT, "grant", "priority: the virtual time of who started last (worker/ledger/lua)"),
    Field("newest:%s", COUNT, "arrival", "priority: the newest start of a batch that is not behind"),
)

BATCH = (
    Field("allowed", CREDITS, "budget", "what the batch may cost; none: as much as it does"),
    Field("spent", CREDITS, "results, promote", "what it cost so far"),
    Field("open", COUNT, "arrival, end", "its briefs that are not finished"),
    Field("halted", JSON, "pause", "that a person has paused it: who, when, why"),
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
