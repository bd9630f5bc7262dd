// Choosing by keyboard: 1 to 9 pick a draft of the current brief, Enter chooses and goes on, arrows move.
(function () {
  "use strict";
  var current = null;

  function rows() {
    return Array.prototype.filter.call(document.querySelectorAll("[data-pick]"), function (form) {
      return form.querySelector("input[type=radio]");
    });
  }

  function drafts(form) {
    return Array.prototype.slice.call(form.querySelectorAll("input[type=radio]"));
  }

  function go(form) {
    if (!form) return;
    if (current) current.classList.remove("current");
    current = form;
    form.classList.add("current");
    var at = document.activeElement;
    if (!form.contains(at)) (form.querySelector("input:checked") || drafts(form)[0]).focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  }

  function now() {
    if (!current || !document.contains(current)) current = rows()[0] || null;
    return current;
  }

  function pick(form, radio) {
    if (!radio) return;
    radio.checked = true;
    radio.focus({ preventScroll: true });
    go(form);
    form.scrollIntoView({ block: "nearest" });
  }

  function beside(form, by) {
    var all = drafts(form);
    var at = all.indexOf(document.activeElement);
    pick(form, all[Math.max(0, Math.min(all.length - 1, at + by))]);
  }

  function isTyping(target) {
    return target.matches("select, textarea, input:not([type=radio])");
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    var form = now();
    if (!form || !rows().length) return;
    var all = rows();
    var at = all.indexOf(form);
    if (/^[1-9]$/.test(event.key)) pick(form, drafts(form)[Number(event.key) - 1]);
    else if (event.key === "ArrowDown") go(all[at + 1]);
    else if (event.key === "ArrowUp") go(all[at - 1]);
    else if (event.key === "ArrowRight") beside(form, 1);
    else if (event.key === "ArrowLeft") beside(form, -1);
    else if (event.key === "Enter" && form.contains(event.target) && event.target.type === "radio") form.requestSubmit();
    else return;
    event.preventDefault();
  });

  document.addEventListener("focusin", function (event) {
    var form = event.target.closest("[data-pick]");
    if (form && form !== current && form.querySelector("input[type=radio]")) go(form);
  });

  // A row that was chosen from makes room for the next one; one that was refused stays.
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    var form = event.detail.target;
    if (!form.matches || !form.matches("[data-pick]") || event.detail.xhr.status >= 400) return;
    var all = rows();
    var next = all[all.indexOf(form) + 1] || all[all.indexOf(form) - 1] || null;
    current = next;
    setTimeout(function () { go(next); });
  });

  // What somebody is about to choose, or types, is not taken from under his hands.
  function isInHand(part) {
    var at = document.activeElement;
    return part.id === "brief" && (part.querySelector(":checked") || (part.contains(at) && at.matches("input")));
  }

  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (isInHand(event.detail.elt)) event.preventDefault();
  });

  // Nor by what was asked for before he began.
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    if (!isInHand(event.detail.target)) return;
    event.detail.shouldSwap = false;
    event.detail.target.dataset.seen = "";
  });

  if (document.getElementById("gallery")) go(rows()[0]);
})();
