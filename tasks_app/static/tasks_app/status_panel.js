// Refreshes the status panel of an active round or rehearsal, and reloads the page once it has ended.
// Without scripts the page has the link "Reload".
"use strict";

(() => {
  const place = () => document.getElementById("status_panel");
  const EVERY = Number(place()?.dataset.every) || 2000; // ms

  const replaced = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("status_panel");
    if (!fresh) return false;
    const focused = document.activeElement && document.activeElement.id;
    const old = place();
    // Only changed parts are replaced, so that a screen reader reads a sentence once and tables stay scrolled.
    if (old.innerHTML !== fresh.innerHTML) old.replaceWith(document.adoptNode(fresh));
    if (focused && place().querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused).focus();
    return true;
  };

  const look = async () => {
    if (document.hidden) return setTimeout(look, EVERY);
    try {
      const answer = await fetch(place().dataset.fragment, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok || !replaced(await answer.text())) return undefined;
      if (place().dataset.moving === "no") return location.reload();
    } catch {
      return setTimeout(look, 5 * EVERY); // the service is being started again, perhaps
    }
    return setTimeout(look, EVERY);
  };

  if (place() && place().dataset.moving === "yes") setTimeout(look, EVERY);
})();
