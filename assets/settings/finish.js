// Tells the portal that the application is set up: until then it sends no events. Everything is registered by now. Where
// the portal's library did not come, the page's words stand for themselves.
globalThis.BX24?.init(() => BX24.installFinish());
