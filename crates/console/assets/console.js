// Keeps the overview moving and lets a transcript follow its recording. Every page can be read without it.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const state = byId("live-state");
  if (state && window.EventSource) live(state);
  const audio = byId("audio");
  const turns = byId("turns");
  if (audio && turns) follow(audio, turns);

  // the server sends pieces of the page, escaped there; all that is done here is to put them in their places
  function live(state) {
    const MOST = 30;
    const word = byId("live-word");
    const pause = byId("live-pause");
    const ticker = byId("ticker");
    const kept = "otto-ticker-" + state.dataset.company;
    const waiting = new Map();
    let source = null;
    let paused = false;
    let again = 0;

    const say = (name, text) => {
      state.dataset.state = name;
      if (word.textContent !== text) word.textContent = text;
    };

    const open = () => {
      clearTimeout(again);
      if (source || paused || document.hidden) return;
      say("connecting", "Connecting");
      source = new EventSource(state.dataset.live);
      source.addEventListener("snapshot", (message) => {
        say("live", "Live");
        for (const [id, html] of Object.entries(JSON.parse(message.data))) waiting.set(id, html);
        swap();
      });
      source.addEventListener("event", (message) => tell(message.data));
      source.addEventListener("trouble", () => say("trouble", "The numbers cannot be read right now"));
      source.addEventListener("error", () => {
        say("connecting", "Reconnecting");
        // refused rather than broken off: the browser does not come again by itself
        if (source && source.readyState === EventSource.CLOSED) {
          close();
          again = setTimeout(open, 5000);
        }
      });
    };

    const close = () => {
      clearTimeout(again);
      if (source) source.close();
      source = null;
    };

    // a piece somebody has marked text in waits until they are done
    const marked = (place) => {
      const selection = document.getSelection();
      return selection && !selection.isCollapsed && place.contains(selection.anchorNode);
    };

    const swap = () => {
      for (const [id, html] of waiting) {
        const place = byId(id);
        if (place && marked(place)) continue;
        waiting.delete(id);
        if (place) replace(place, html);
      }
    };

    const replace = (place, html) => {
      const before = new Map();
      for (const one of place.querySelectorAll("[data-key]")) before.set(one.dataset.key, one.dataset.value);
      const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      place.innerHTML = html;
      for (const one of place.querySelectorAll("[data-key]")) {
        if (!before.has(one.dataset.key)) {
          if (before.size) one.classList.add("fresh");
        } else if (before.get(one.dataset.key) !== one.dataset.value) {
          one.classList.add("changed");
        }
      }
      if (focused) {
        const same = [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
        if (same) same.focus({ preventScroll: true });
      }
    };

    const tell = (line) => {
      byId("ticker-empty").hidden = true;
      ticker.insertAdjacentHTML("afterbegin", line);
      ticker.firstElementChild.classList.add("fresh");
      while (ticker.children.length > MOST) ticker.lastElementChild.remove();
      keep();
    };

    // a reload does not forget what was just told
    const keep = () => {
      try {
        sessionStorage.setItem(kept, ticker.innerHTML.replaceAll(' fresh"', '"'));
      } catch {
        // no room, or not allowed: then it forgets
      }
    };

    try {
      const told = sessionStorage.getItem(kept);
      if (told) {
        ticker.innerHTML = told;
        byId("ticker-empty").hidden = true;
      }
    } catch {
      // not allowed
    }

    pause.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.textContent = paused ? "Resume" : "Pause";
      if (paused) {
        close();
        say("paused", "Paused");
      } else {
        open();
      }
    });
    // a browser opens only a few connections to one place: a tab nobody looks at gives its own back
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    document.addEventListener("selectionchange", () => waiting.size && swap());
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", open);
    open();
  }

  function follow(audio, turns) {
    const timed = [...turns.querySelectorAll("[data-start]")];
    const start = (turn) => Number(turn.dataset.start);
    for (const turn of timed) {
      const time = turn.querySelector(".turn-time");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "turn-time";
      button.textContent = time.textContent;
      button.setAttribute("aria-label", "Play from " + time.textContent);
      button.addEventListener("click", () => {
        audio.currentTime = start(turn);
        // a browser may want to be asked first
        audio.play().catch(() => {});
      });
      time.replaceWith(button);
    }
    audio.addEventListener("timeupdate", () => {
      const now = timed.filter((turn) => start(turn) <= audio.currentTime + 0.05).pop();
      for (const turn of timed) turn.classList.toggle("now", turn === now && !audio.ended);
    });
  }
})();
