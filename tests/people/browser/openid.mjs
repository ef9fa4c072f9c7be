// openid-client as it comes: discovery, code with PKCE, ID token, userinfo, refresh,
// logout. The person is played by hand: forms are read, filled in and sent back with the
// cookies that came.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, issuer, id, secret, redirect, bye] = process.argv.slice(2);
const found = createRequire(`${modules}/package.json`).resolve('openid-client');
const client = await import(pathToFileURL(found));

const jar = new Map();

async function visit(url, form) {
  const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
  const answer = await fetch(url, { method: form ? 'POST' : 'GET', body: form, headers, redirect: 'manual' });
  for (const line of answer.headers.getSetCookie()) {
    const [name, value] = line.split(';')[0].split(/=(.*)/s);
    if (/max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
  return answer;
}

// Follows redirects while they stay with the issuer; the page, or where it leads away.
async function follow(url, form) {
  let answer = await visit(url, form);
  for (let step = 0; step < 8; step += 1) {
    const location = answer.headers.get('location');
    if (!location) return { page: await answer.text(), url };
    url = new URL(location, url);
    if (url.origin !== new URL(issuer).origin) return { away: url };
    answer = await visit(url);
  }
  throw new Error('too many redirects');
}

function filled(page, end, values) {
  const form = page.split('<form').slice(1).find((text) => /action="([^"]*)"/.exec(text)?.[1].split('?')[0].endsWith(end));
  assert.ok(form, `no form for ${end} in\n${page}`);
  const text = form.split('</form>')[0];
  const plain = (value) => value.replaceAll('&#38;', '&').replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const out = new URLSearchParams();
  for (const input of text.match(/<input[^>]*>/g) ?? []) {
    const of = (name) => plain(new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1] ?? '');
    const ticked = of('type') === 'checkbox' && /\bchecked\b/.test(input);
    if (of('type') === 'hidden' || ticked) out.append(of('name'), of('value'));
  }
  for (const [name, value] of Object.entries(values)) out.set(name, value);
  return { action: plain(/action="([^"]*)"/.exec(form)[1]), body: out };
}

async function authorize(more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

const config = await client.discovery(new URL(issuer), id, secret, client.ClientSecretBasic(secret));
assert.equal(config.serverMetadata().issuer, issuer);

const first = await authorize();
let seen = await follow(first.url);
let form = filled(seen.page, '/sign_in', { username: 'ana', password: 'correct horse' });
seen = await follow(new URL(form.action, issuer), form.body);
form = filled(seen.page, '/consent', { decision: 'allow' });
seen = await follow(new URL(form.action, issuer), form.body);
assert.ok(seen.away, `not sent back: ${seen.page}`);
assert.equal(seen.away.searchParams.get('iss'), issuer);

const tokens = await client.authorizationCodeGrant(config, seen.away, { ...first.checks, maxAge: 600 });
const claims = tokens.claims();
assert.equal(claims.sub, 'u-ana');
assert.equal(typeof claims.auth_time, 'number');
assert.equal(tokens.scope, 'openid profile email');

const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
assert.equal(info.email, 'ana@example.com');
assert.equal(info.preferred_username, 'ana');

const replay = client.authorizationCodeGrant(config, seen.away, first.checks);
await assert.rejects(replay, (error) => error.error === 'invalid_grant');
const dead = client.fetchUserInfo(config, tokens.access_token, claims.sub);
await assert.rejects(dead, (error) => error.status === 401 || error.cause?.status === 401 || /401|challenge/i.test(`${error}`));

// Signed in and agreed before, but no living token: it asks again; then refreshes.
const second = await authorize();
seen = await follow(second.url);
form = filled(seen.page, '/consent', { decision: 'allow' });
seen = await follow(new URL(form.action, issuer), form.body);
const again = await client.authorizationCodeGrant(config, seen.away, second.checks);
const refreshed = await client.refreshTokenGrant(config, again.refresh_token);
assert.notEqual(refreshed.refresh_token, again.refresh_token);
const later = await client.fetchUserInfo(config, refreshed.access_token, claims.sub);
assert.equal(later.sub, 'u-ana');

// While a token lives, nobody is asked; without a page, too.
const silent = await authorize({ prompt: 'none' });
seen = await follow(silent.url);
assert.ok(seen.away?.searchParams.get('code'), `${seen.away}`);

const out = client.buildEndSessionUrl(config, {
  id_token_hint: again.id_token,
  post_logout_redirect_uri: bye,
  state: 'bye-1',
});
seen = await follow(out);
assert.equal(`${seen.away}`, `${bye}?state=bye-1`);
const gone = await authorize({ prompt: 'none' });
seen = await follow(gone.url);
assert.equal(seen.away.searchParams.get('error'), 'login_required');
const refused = client.authorizationCodeGrant(config, seen.away, gone.checks);
await assert.rejects(refused, (error) => error.error === 'login_required');

console.log('served');
