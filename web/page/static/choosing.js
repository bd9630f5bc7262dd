// Choosing by keyboard: 1 to 9 pick a draft of the current brief, Enter chooses and goes on, arrows move; after m more
// than one draft each is picked.
(function () {
  "use strict";
  var current = null;
  var DRAFTS = "input[name^=draft-]";

  function rows() {
    return Array.prototype.filter.call(document.querySelectorAll("[data-pick]"), function (form) {
      return form.querySelector(DRAFTS);
    });
  }

  function drafts(form) {
    return Array.prototype.slice.call(form.querySelectorAll(DRAFTS));
  }

  function picksSeveral(form) {
    return form.querySelector("[data-several]").getAttribute("aria-pressed") === "true";
  }

  // Of radios one each is picked, of boxes any number; back again the first of each stays.
  function setSeveral(form, several) {
    form.querySelector("[data-several]").setAttribute("aria-pressed", String(several));
    form.querySelector("[data-costs]").hidden = !several;
    var kept = {};
    drafts(form).forEach(function (draft) {
      var stays = draft.checked && (several || !kept[draft.name]);
      if (stays) kept[draft.name] = true;
      draft.type = several ? "checkbox" : "radio";
      draft.required = !several;
      draft.checked = stays;
    });
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

  function pick(form, draft) {
    if (!draft) return;
    draft.checked = picksSeveral(form) ? !draft.checked : true;
    move(form, draft);
  }

  function move(form, draft) {
    draft.focus({ preventScroll: true });
    go(form);
    form.scrollIntoView({ block: "nearest" });
  }

  function beside(form, by) {
    var all = drafts(form);
    var at = all.indexOf(document.activeElement);
    (picksSeveral(form) ? move : pick)(form, all[Math.max(0, Math.min(all.length - 1, at + by))]);
  }

  function isTyping(target) {
    return target.matches("select, textarea, input") && !target.matches(DRAFTS);
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
    else if (event.key === "m") setSeveral(form, !picksSeveral(form));
    else if (event.key === "Enter" && form.contains(event.target) && event.target.matches(DRAFTS)) form.requestSubmit();
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-several]");
    if (button) setSeveral(button.form, !picksSeveral(button.form));
  });

  document.addEventListener("focusin", function (event) {
    var form = event.target.closest("[data-pick]");
    if (form && form !== current && form.querySelector(DRAFTS)) go(form);
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
    var begun = part.querySelector(".draft :checked, [data-several][aria-pressed=true]");
    return part.id === "brief" && (begun || (part.contains(at) && at.matches("input")));
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
