// Tries a watch while it is written, and follows work that goes on. Without this file buttons and reloads do the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-edit]");
  const target = document.getElementById("preview");
  const waitMs = 300;
  const pollMs = 600;

  // The server escapes all that was fetched; these pages have no other source of text.
  const part = async (address, options) => {
    const answer = await fetch(address, { ...options, headers: { "x-part": "1" } });
    if (answer.redirected) location.reload();
    return answer.text();
  };

  if (form && target && form.elements.query) {
    let timer = 0;
    let asked = null;
    const ask = async () => {
      if (asked) asked.abort();
      asked = new AbortController();
      const body = new URLSearchParams(new FormData(form));
      body.set("do", "preview");
      try {
        target.innerHTML = await part(form.getAttribute("action"), { method: "POST", body, signal: asked.signal });
        form.elements.query.toggleAttribute("aria-invalid", Boolean(target.querySelector(".fault")));
      } catch (error) {
        if (error.name !== "AbortError") target.textContent = form.dataset.unreachable;
      }
    };
    form.addEventListener("input", (event) => {
      if (["name", "channels", "days", "send", "quiet", "at_most", "urgency"].includes(event.target.name)) return;
      clearTimeout(timer);
      timer = setTimeout(ask, waitMs);
    });
    if (form.elements.query.value.trim() && !target.textContent.trim() && !document.getElementById("trial")) ask();
  }

  // Enter in a line of text shows the change; in a query Ctrl and Enter do.
  if (form) {
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.querySelector("button.primary"));
    });
  }

  const follow = async (element) => {
    const about = element.dataset.poll;
    try {
      const text = await part(`${location.pathname}?${about}`);
      const holder = document.createElement("template");
      holder.innerHTML = text;
      const now = holder.content.getElementById(element.id);
      if (!now) location.reload();
      else {
        element.replaceWith(now);
        if (now.dataset.poll) setTimeout(() => follow(now), pollMs);
      }
    } catch {
      setTimeout(() => follow(element), 5 * pollMs);
    }
  };
  for (const element of document.querySelectorAll("[data-poll]")) setTimeout(() => follow(element), pollMs);
})();
