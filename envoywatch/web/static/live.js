// Tells that new alerts have come, and puts them in when asked to. Without this file a reload does the same.
// Nothing of the page moves by itself: the notice lies over its lower edge.
"use strict";
(() => {
  const notice = document.getElementById("arrived");
  if (!notice || !window.EventSource) return;
  const title = document.title;
  const againMs = 60000;
  let newest = Number(notice.dataset.newest);
  let stream = null;
  let timer = 0;

  const tell = (count, said) => {
    document.title = count ? `(${count}) ${title}` : title;
    if (!count) return notice.replaceChildren();
    let button = notice.querySelector("button");
    if (!button) {
      button = document.createElement("button");
      button.className = "primary";
      button.addEventListener("click", show);
      notice.replaceChildren(button);
    }
    const key = document.createElement("kbd");
    key.textContent = "n";
    button.replaceChildren(`${said} `, key);
    return undefined;
  };

  const open = () => {
    clearTimeout(timer);
    if (stream || document.hidden) return;
    stream = new EventSource(`/events?after=${newest}`);
    stream.addEventListener("alerts", (event) => {
      const { count, said } = JSON.parse(event.data);
      tell(count, said);
    });
    stream.addEventListener("error", () => {
      if (stream && stream.readyState === EventSource.CLOSED) {
        // Refused: too many pages, or the session has ended.
        close();
        timer = setTimeout(open, againMs);
      }
    });
  };

  // A browser has six connections for a site: a tab that nobody looks at must not hold one.
  const close = () => {
    if (stream) stream.close();
    stream = null;
  };

  // Alerts decided after one, told apart on the page; gives the first of them.
  const mark = (after) => {
    const arrived = [...document.querySelectorAll("[id^=alert-]")].filter((item) => Number(item.id.slice(6)) > after);
    for (const item of arrived) item.classList.add("fresh");
    sessionStorage.setItem("newest", newest);
    return arrived[0]?.id;
  };

  const nameOf = (details) => `${details.closest("section")?.getAttribute("aria-labelledby")} ${details.closest("[data-item]")?.id} ${details.querySelector("summary").textContent}`;

  async function show() {
    let text;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok || answer.redirected) return location.reload();
      text = await answer.text();
    } catch {
      return undefined; // The notice stays, to be asked again.
    }
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const states = new Map([...document.querySelectorAll("main details")].map((one) => [nameOf(one), one.open]));
    document.querySelector("main").replaceWith(document.adoptNode(fresh.querySelector("main")));
    document.querySelector("header nav").replaceWith(document.adoptNode(fresh.querySelector("header nav")));
    for (const one of document.querySelectorAll("main details")) {
      if (states.has(nameOf(one))) one.open = states.get(nameOf(one));
    }
    const before = newest;
    newest = Number(fresh.getElementById("arrived").dataset.newest);
    tell(0, "");
    close();
    open();
    document.dispatchEvent(new CustomEvent("renewed", { detail: mark(before) }));
    return undefined;
  }

  // What came while a review was sent is told apart too.
  mark(Number(sessionStorage.getItem("newest") || newest));
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
