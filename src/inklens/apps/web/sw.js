// Keeps the site's files, so that it works without a connection. `files.js`, written with the site, lists them under a
// version made of their contents: another version is another cache.

importScripts("files.js");

const { version, paths } = self.FILES;
const NAME = `inklens ${version} ${self.registration.scope}`;

self.addEventListener("install", (event) => {
  // `reload`: what the browser's own cache kept may be of another version
  const requests = paths.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(requests)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("inklens ") && name.endsWith(self.registration.scope) && name !== NAME;
  const cleared = caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(cleared.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(self.registration.scope)) return;
  const kept = caches.open(NAME).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((response) => response ?? fetch(event.request)));
});
