// Sends briefs by HTTP or by Redis, and acts on each result once. Needs Node 18 or later, and no package.
//
//     node client.mjs send BRIEF.json     # by HTTP: IDENTITIES_URL, IDENTITIES_TOKEN
//     node client.mjs queue BRIEF.json    # by Redis: REDIS_URL
//     node client.mjs read FOLDER         # results, until it is stopped: REDIS_URL

import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "./resp.mjs";

const NAMESPACE = (process.env.IDENTITY_WORKER_NAMESPACE ?? "").replace(/:$/, "");
const BEFORE = NAMESPACE && `${NAMESPACE}:`;
const [STREAM, GROUP, CONSUMER] = [`${BEFORE}identity:events`, "shop", process.env.CONSUMER ?? "reader-1"];
// Ms after which what a reader took and never acknowledged is another's: longer than any effect takes.
const DEAD_AFTER = 60_000;

// Sends a brief by HTTP. The same again is the same brief, so what got no answer is sent once more.
async function send(brief) {
  const { IDENTITIES_URL: base, IDENTITIES_TOKEN: token } = process.env;
  if (!base || !token) throw new Error("set IDENTITIES_URL and IDENTITIES_TOKEN");
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
  };
  const url = `${base}/v1/briefs`;
  for (const seconds of [1, 2, 4, 8, null]) {
    let answer;
    try {
      const signal = AbortSignal.timeout(30_000);
      answer = await fetch(url, { method: "POST", headers, body: brief, signal });
      if (answer.ok) return (await answer.json()).brief_id;
      if (answer.status !== 503 || seconds === null) throw new Error(`refused: ${await answer.text()}`);
    } catch (error) {
      if (answer || seconds === null) throw error;
    }
    await pause(seconds * 1000);
  }
}

// Puts a brief on the queue; its id is its `brief_id`, else the message's.
async function queue(redis, brief) {
  const id = randomUUID();
  const message = {
    queue_name: "briefs",
    actor_name: "accept_brief",
    args: [brief],
    kwargs: {},
    options: { redis_message_id: id },
    message_id: id,
    message_timestamp: Date.now(),
  };
  // In this order: a worker that met the id first would find no message.
  await redis("HSET", `${BEFORE}dramatiq:briefs.msgs`, id, JSON.stringify(message));
  await redis("RPUSH", `${BEFORE}dramatiq:briefs`, id);
  return JSON.parse(brief).brief_id ?? id;
}

// Acts on each result once, whenever this is killed and started again.
async function read(redis, folder) {
  await redis("XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM").catch((error) => {
    if (!error.message.startsWith("BUSYGROUP")) throw error;
  });
  let after = "0"; // first what this reader took and did not acknowledge, then what is new
  for (;;) {
    const asked = ["GROUP", GROUP, CONSUMER, "COUNT", "10", "BLOCK", "2000", "STREAMS", STREAM, after];
    const found = await redis("XREADGROUP", ...asked);
    const entries = found ? found[0][1] : [];
    for (const [entry, fields] of entries) {
      if (fields) act(folder, JSON.parse(fields[1])); // else it was trimmed meanwhile
      await redis("XACK", STREAM, GROUP, entry);
    }
    if (entries.length) continue;
    if (after === ">") await redis("XAUTOCLAIM", STREAM, GROUP, CONSUMER, `${DEAD_AFTER}`, "0", "COUNT", "10");
    after = after === "0" ? ">" : "0";
  }
}

// Does what a result is for, unless it was done: here, keeps it as a file that is whole or not there. The
// file's name is that of the event, so that what is done and that it is done are one and the same. In a
// database: a row whose key is the event's, written in the transaction that does the work.
function act(folder, event) {
  if (event.type !== "identity.preprocessing.completed") return;
  const name = createHash("sha256").update(`${event.source} ${event.id}`).digest("hex");
  fs.mkdirSync(folder, { recursive: true });
  const unfinished = join(folder, `.${name}.${process.pid}`);
  const file = fs.openSync(unfinished, "w");
  fs.writeSync(file, JSON.stringify(event.data));
  fs.fsyncSync(file);
  fs.closeSync(file);
  let told = "did";
  try {
    fs.linkSync(unfinished, join(folder, `${name}.json`));
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    told = "was done:";
  }
  fs.unlinkSync(unfinished);
  fs.writeSync(1, `${told} ${event.id}\n`);
}

async function main(what, given) {
  if (what === "send" && given) {
    console.log(await send(fs.readFileSync(given, "utf8")));
  } else if (what === "queue" && given) {
    const brief = fs.readFileSync(given, "utf8");
    const redis = await connect(process.env.REDIS_URL);
    console.log(await queue(redis, brief));
    redis.end();
  } else if (what === "read" && given) {
    await read(await connect(process.env.REDIS_URL), given);
  } else {
    throw new Error("node client.mjs send BRIEF.json | queue BRIEF.json | read FOLDER");
  }
}

// What went wrong is told in one line, and is a failure of the program.
main(...process.argv.slice(2)).catch((error) => {
  // A fetch that gets no answer says why in its cause; a connection that is refused at two addresses in `code`.
  const why = error.cause ?? error;
  fs.writeSync(2, `${`${why.message || why.code || why}`.replace(/\s+/g, " ")}\n`);
  process.exit(1);
});
