// People at a gateway, with Chromium: sign in, agree, deny, register an application, let
// a real OAuth client use it, take access back. Ends with `seen` when all went well.
//
//   people.mjs BASE PICTURES PASSWORD

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import { Looker } from "./look.mjs";

const require = createRequire(process.env.TOLLGATE_NODE + "/");
const client = await import(require.resolve("openid-client"));
const [base, pictures, password] = process.argv.slice(2);
const looker = new Looker(base, pictures);

// The application's own server: what it was told lands here, and its page loads a picture,
// so that a referrer could leak.
const told = [];
const shop = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  told.push({ body: new URLSearchParams(body), url: new URL(request.url, callback), referer: request.headers.referer });
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><html lang=en><title>Shop</title><h1>Back at the shop</h1><img src=/picture alt=''>");
});
await new Promise((listening) => shop.listen(0, "127.0.0.1", listening));
const callback = `http://127.0.0.1:${shop.address().port}/callback`;

function landed() {
  const found = told.filter(({ url }) => url.pathname === "/callback");
  told.length = 0;
  return found.at(-1).url;
}

async function signIn(page, name, secret) {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

function configuration(id, secret) {
  const server = {
    issuer: "https://issuer.example",
    authorization_endpoint: `${base}/oauth2/authorize`,
    token_endpoint: `${base}/oauth2/token`,
    revocation_endpoint: `${base}/oauth2/revoke`,
    authorization_response_iss_parameter_supported: true,
  };
  return new client.Configuration(server, id, undefined, client.ClientSecretBasic(secret));
}

async function begin(config, scope, more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope, state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
  });
  return { url: url.href, verifier, state };
}

async function api(token, method = "GET") {
  const answer = await fetch(`${base}/orders/7`, { method, headers: { authorization: `Bearer ${token}` } });
  return answer.status;
}

async function register(page, name) {
  await page.goto(`${base}/oauth2/account`);
  await page.getByRole("link", { name: "Your applications" }).click();
  await page.getByRole("link", { name: "Register an application" }).click();
  await looker.look(page, "register");
  await page.getByLabel("Name").fill("");
  await page.getByLabel("Redirect addresses").fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Register an application" }).click();
  assert.equal(await page.getByRole("alert").count(), 1, "what is wrong is said");
  assert.equal(await page.getByLabel("Redirect addresses").inputValue(), "javascript:alert(1)", "and nothing is lost");
  await looker.look(page, "register-faults");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Description").fill("Prints <b>orders</b> on paper.");
  await page.getByLabel("Redirect addresses").fill("http://127.0.0.1/callback\nhttps://printer.example/callback");
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await page.getByRole("button", { name: "Register an application" }).click();
  const secret = await page.locator(".secret").innerText();
  const id = new URL(page.url()).pathname.endsWith("/new")
    ? await page.locator("dd code").first().innerText() : new URL(page.url()).pathname.split("/").at(-1);
  assert.match(secret, /^tgs_/);
  await looker.look(page, "application-fresh");
  return { id, secret };
}

async function onePerson() {
  const page = await looker.open();
  await page.goto(`${base}/oauth2/account`);
  await looker.look(page, "sign-in");
  await signIn(page, "ana", "wrong");
  await looker.look(page, "sign-in-wrong");
  assert.equal(await page.getByLabel("User name").inputValue(), "ana");
  await signIn(page, "ana", password);
  await looker.look(page, "account");
  const app = await register(page, "Order Printer");
  await page.goto(`${base}/oauth2/applications`);
  await looker.look(page, "applications");
  await page.getByRole("link", { name: "Order Printer" }).click();
  assert.equal(await page.locator(".secret").count(), 0, "the secret is shown once");
  await page.getByRole("button", { name: "Add a second secret" }).click();
  const second = await page.locator(".secret").innerText();
  assert.notEqual(second, app.secret);
  await looker.look(page, "application");

  // A real client, with the secret that was just copied, and one scope ticked off.
  const config = configuration(app.id, app.secret);
  let request = await begin(config, "orders:read orders:write");
  await page.goto(request.url);
  await looker.look(page, "consent");
  await page.getByRole("checkbox", { name: /Create and change orders/ }).uncheck();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByText("Back at the shop").waitFor();
  assert.ok(told.every(({ referer }) => !referer?.includes("/oauth2/")), "no page of ours is named to anybody");
  const tokens = await client.authorizationCodeGrant(config, landed(), {
    pkceCodeVerifier: request.verifier, expectedState: request.state,
  });
  assert.equal(tokens.scope, "orders:read");
  assert.equal(await api(tokens.access_token), 200);
  assert.equal(await api(tokens.access_token, "POST"), 403, "what was ticked off is not granted");
  const refreshed = await client.refreshTokenGrant(configuration(app.id, second), tokens.refresh_token);
  assert.equal(await api(refreshed.access_token), 200, "the second secret works as well");

  // The answer as a form: sent by a script of ours, and by hand where there are none.
  request = await begin(config, "orders:read", { response_mode: "form_post" });
  await page.goto(request.url);
  await page.getByText("Back at the shop").waitFor();
  assert.ok(told.find(({ url }) => url.pathname === "/callback").body.get("code"), "a code came in the form");
  landed();

  // Denied: the application learns that, and nothing more.
  request = await begin(config, "billing:read");
  await page.goto(request.url);
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByText("Back at the shop").waitFor();
  assert.equal(landed().searchParams.get("error"), "access_denied");

  // Taken back: the API refuses from then on, and so does a refresh.
  await page.goto(`${base}/oauth2/account`);
  await page.getByRole("link", { name: "Applications with access" }).click();
  await looker.look(page, "authorized");
  await page.getByRole("button", { name: "Change what Order Printer may do" }).click();
  await looker.look(page, "grant");
  await page.goto(`${base}/oauth2/authorized_applications`);
  await page.getByRole("button", { name: "Take access back from Order Printer" }).click();
  await page.getByText("The application no longer has access.").waitFor();
  await looker.look(page, "authorized-none");
  assert.equal(await api(refreshed.access_token), 401, "the token is dead");
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), { error: "invalid_grant" });

  await page.goto(`${base}/oauth2/sessions`);
  await looker.look(page, "sessions");
  await page.goto(`${base}/oauth2/applications/${app.id}/delete`);
  await looker.look(page, "delete");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The application is deleted.").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  await looker.look(page, "signed-out");
  await page.goto(`${base}/oauth2/authorize?client_id=nobody`);
  await looker.look(page, "trouble");
  await page.context().close();
}

// The same without scripts, in another language, by keyboard alone.
async function withoutScripts() {
  const page = await looker.open({ javaScriptEnabled: false, locale: "de-DE" });
  const request = await begin(configuration("shop", "shop-secret"), "orders:read");
  await page.goto(request.url);
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.keyboard.type("olga");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.getByText("Example Shop bittet um Zugriff").waitFor();
  await page.getByRole("button", { name: "Zulassen" }).press("Enter");
  await page.getByText("Back at the shop").waitFor();
  assert.ok(landed().searchParams.get("code"));
  const again = await begin(configuration("shop", "shop-secret"), "orders:read", { response_mode: "form_post", prompt: "consent" });
  await page.goto(again.url);
  await page.getByRole("button", { name: "Zulassen" }).click();
  await looker.photograph(page, "de-send-back");
  await page.getByRole("button", { name: "Weiter" }).click();
  await page.getByText("Back at the shop").waitFor();
  assert.ok(told.find(({ url }) => url.pathname === "/callback").body.get("code"));
  landed();
  await page.context().close();
}

async function inGerman() {
  const page = await looker.open({ locale: "de-DE" });
  await page.goto(`${base}/oauth2/sign_in`);
  await looker.look(page, "de-sign-in");
  await page.getByLabel("Benutzername").fill("olga");
  await page.getByLabel("Passwort").fill(password);
  await page.getByRole("button", { name: "Anmelden" }).click();
  for (const [name, path] of [["account", "account"], ["sessions", "sessions"], ["register", "applications/new"],
    ["waiting", "applications/waiting"], ["authorized", "authorized_applications"]]) {
    await page.goto(`${base}/oauth2/${path}`);
    await looker.look(page, `de-${name}`);
  }
  await page.context().close();
}

async function throttled() {
  const page = await looker.open();
  await page.goto(`${base}/oauth2/sign_in`);
  // Every failure beyond the free ones doubles the wait, so on any machine one comes too soon.
  for (let tries = 0; tries < 20 && !(await page.getByText("Too many tries").count()); tries += 1) {
    await signIn(page, "mallory", "guess");
  }
  assert.equal(await page.getByText("Too many tries").count(), 1);
  await looker.look(page, "throttled");
  await page.context().close();
}

// Nobody can show our pages inside his own.
async function framed() {
  const page = await looker.open();
  await page.goto(callback.replace("/callback", "/frame"));
  await page.setContent(`<!doctype html><iframe src="${base}/oauth2/sign_in"></iframe>`);
  await page.waitForLoadState("networkidle");
  const inside = page.frames()[1];
  const shown = await inside?.evaluate(() => document.body?.innerText ?? "").catch(() => "");
  assert.ok(!shown?.includes("Password"), "the sign-in page was framed");
  await page.context().close();
}

await looker.start();
try {
  await onePerson();
  await withoutScripts();
  await inGerman();
  await throttled();
  const before = looker.complaints.length;
  await framed();
  looker.complaints.length = before;
} finally {
  await looker.end();
  shop.closeAllConnections();
  shop.close();
}
assert.deepEqual(looker.violations, []);
assert.deepEqual(looker.complaints, []);
console.log(`${looker.looked} pages seen`);
