// What the page does by itself: the theme, and looking again when something has changed.
(function () {
  "use strict";
  var root = document.documentElement;
  var THEMES = ["system", "light", "dark"];

  function theme() {
    return root.dataset.theme || "system";
  }

  function showTheme() {
    document.querySelector("#theme span").textContent = theme();
  }

  document.getElementById("theme").addEventListener("click", function () {
    var next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
    var lasts = next === "system" ? 0 : 366 * 86400;
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    document.cookie = "identity-worker-theme=" + next + "; Path=/; SameSite=Strict; Max-Age=" + lasts;
    showTheme();
  });
  showTheme();

  // What can't be undone is asked for first.
  document.addEventListener("submit", function (event) {
    var asks = event.submitter && event.submitter.dataset.asks;
    if (asks && !window.confirm(asks)) event.preventDefault();
  });

  // One stream a page that is looked at. A hidden one has none: a browser has six connections for all of them.
  var address = document.body.dataset.updates;
  var live = document.getElementById("live");
  var stream = null;

  function showLive(text) {
    if (live.textContent !== text) live.textContent = text;
    live.classList.toggle("on", text === "live");
  }

  function follow() {
    if (!address || stream || document.hidden) return;
    stream = new EventSource(address);
    stream.addEventListener("changed", function () {
      showLive("live");
      htmx.trigger(document.body, "changed");
    });
    stream.addEventListener("error", function () {
      showLive("not live");
      if (stream.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(follow, 10000);
      }
    });
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden && stream) {
      stream.close();
      stream = null;
    } else {
      follow();
    }
  });
  follow();

  // A part that is the same as before is not sent again.
  document.body.addEventListener("htmx:configRequest", function (event) {
    var seen = event.detail.elt.dataset.seen;
    if (seen) event.detail.headers["X-Seen"] = seen;
  });
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    var digest = event.detail.xhr.getResponseHeader("X-Digest");
    if (digest && "seen" in event.detail.elt.dataset) event.detail.elt.dataset.seen = digest;
  });

  // Of what has changed, one sentence is said to whoever does not see it; once, and not when the page opens.
  var said = document.querySelector("[data-say]");
  var last = said && said.dataset.say;
  document.body.addEventListener("htmx:afterSwap", function (event) {
    var part = event.detail.target.querySelector("[data-say]");
    if (!part || part.dataset.say === last) return;
    last = part.dataset.say;
    document.getElementById("said").textContent = last;
  });
})();
