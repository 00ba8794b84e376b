// Follows what is under way: fetches the same page again, and puts the new in the place of the old where they differ.
"use strict";

(() => {
  const EVERY_MS = 1000;
  const AFTER_FAILURE_MS = 5000;
  const isLive = (page) => page.getElementById("main")?.dataset.live === "yes";

  async function follow() {
    let wait = EVERY_MS;
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [old, fresh] = [document.getElementById("live"), page.getElementById("live")];
      if (old && fresh && old.innerHTML !== fresh.innerHTML) {
        old.replaceChildren(...document.adoptNode(fresh).childNodes);
      }
      if (!isLive(page)) return;
    } catch {
      wait = AFTER_FAILURE_MS; // it is restarting, or a login is needed again
    }
    setTimeout(follow, wait);
  }

  if (isLive(document)) setTimeout(follow, EVERY_MS);
})();
