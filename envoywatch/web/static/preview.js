// Shows what a query would have met while it is typed. Without this file the button does the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-live]");
  if (!form) return;
  const target = document.getElementById(form.dataset.live);
  const field = form.querySelector("input[name=q]");
  let timer = 0;
  let asked = null;

  const ask = async () => {
    if (asked) asked.abort();
    asked = new AbortController();
    const address = new URLSearchParams({ q: field.value, fragment: "1" });
    try {
      const answer = await fetch(`${form.action}?${address}`, { signal: asked.signal });
      // The server escapes all that was fetched; this page has no other source of text.
      if (answer.ok && !answer.redirected) target.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") target.textContent = form.dataset.unreachable;
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  });
})();
