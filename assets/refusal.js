// Instead of the chat, for a page that is not on the site's list: the loader learns it through its port and says so.
addEventListener("message", ({ ports }) => ports[0]?.postMessage({ is: "blocked" }));
