// A connection to Redis, by its protocol RESP.

import net from "node:net";

// Returns what runs one command of Redis after the other, by its protocol RESP.
export async function connect(address) {
  // By another scheme, as rediss:// or unix://, the password would go over a network in plain text.
  if (!address?.startsWith("redis://")) {
    throw new Error("REDIS_URL must begin with redis://: this program speaks no TLS, and to no socket");
  }
  const url = new URL(address);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1"); // an IPv6 address stands in brackets
  const socket = net.connect(Number(url.port || 6379), host);
  let [received, waiting] = [Buffer.alloc(0), []];
  const end = (error) => waiting.splice(0).forEach(([, reject]) => reject(error));
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    for (let found; waiting.length && (found = parse(received, 0)); ) {
      received = received.subarray(found.end);
      const [resolve, reject] = waiting.shift();
      (found.value instanceof Error ? reject : resolve)(found.value);
    }
  });
  socket.on("error", end);
  socket.on("close", () => end(new Error("Redis has closed the connection")));
  const redis = (...words) => {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join("")}`);
    return new Promise((...settle) => waiting.push(settle));
  };
  const [user, password] = [url.username || "default", url.password].map(decodeURIComponent);
  if (password) await redis("AUTH", user, password);
  if (url.pathname.length > 1) await redis("SELECT", url.pathname.slice(1));
  return Object.assign(redis, { end: () => socket.end() });
}

// Returns a value and where it ends; null where it has not come whole.
function parse(data, begin) {
  const line = data.indexOf("\r\n", begin);
  if (line < 0) return null;
  const [kind, text] = [String.fromCharCode(data[begin]), data.toString("utf8", begin + 1, line)];
  let end = line + 2;
  if (kind === "+") return { value: text, end };
  if (kind === "-") return { value: new Error(text), end };
  if (kind === ":") return { value: Number(text), end };
  const length = Number(text);
  if (length < 0) return { value: null, end };
  if (kind === "$") {
    if (data.length < end + length + 2) return null;
    return { value: data.toString("utf8", end, end + length), end: end + length + 2 };
  }
  const value = [];
  while (value.length < length) {
    const found = parse(data, end);
    if (!found) return null;
    value.push(found.value);
    end = found.end;
  }
  return { value, end };
}
