// Social Translator and Bonfire by a plain JSON `fetch`, as a browser's or a bot's code
// does it. Arguments: the address, the Host of each.
import assert from 'node:assert/strict';
import dns from 'node:dns';

// `fetch` sends the host of its address and no other, so the names must lead here.
const { lookup } = dns;
dns.lookup = (name, options, done) =>
  lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done);

const [address, translator, bonfire] = process.argv.slice(2);
const { port } = new URL(address);

async function call(method, host, path, headers, body) {
  const options = { method, headers: { ...headers } };
  if (body !== undefined) {
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`https://${host}:${port}${path}`, options);
  const text = await answer.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // Some answers have no body, and the backend's is not JSON.
  }
  return { status: answer.status, json, text };
}

const basic = { authorization: 'Basic ' + Buffer.from('community:community-secret').toString('base64') };
const token = (fields) => call('POST', translator, '/auth/oauth2/token/', basic, fields);
const signedIn = await token({ grant_type: 'password', username: 'ana', password: 'p4ssw0rd' });
assert.equal(signedIn.status, 200, signedIn.text);
assert.equal(signedIn.json.expires_in, 600000);
const read = (access) => call('GET', translator, '/community/1', { authorization: `Bearer ${access}` });
assert.equal((await read(signedIn.json.access_token)).status, 200);

const renewed = await token({ grant_type: 'refresh_token', refresh_token: signedIn.json.refresh_token });
assert.equal(renewed.status, 200, renewed.text);
assert.equal((await read(signedIn.json.access_token)).json.code, 'token_not_valid');
assert.equal((await read(renewed.json.access_token)).status, 200);

const client = { client_id: 'community', client_secret: 'community-secret' };
const revoked = await call('POST', translator, '/auth/oauth2/revoke_token/', {}, {
  token: renewed.json.access_token,
  ...client,
});
assert.deepEqual([revoked.status, revoked.text], [200, '']);
assert.equal((await read(renewed.json.access_token)).status, 401);

const key = { authorization: 'Bearer 6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1' };
const bot = '-OoX6R1ba0eM5kwmB8n';
const bots = await call('POST', bonfire, '/v1/oauth/bots', key, { grant_type: 'client_credentials', bots: [bot] });
assert.equal(bots.status, 200, bots.text);
const mine = bots.json.data.tokens[bot];
assert.equal(mine.scope, 'users,posts,camps');
const users = (access) => call('GET', bonfire, '/v1/users/1', { authorization: `Bearer ${access}` });
assert.equal((await users(mine.access_token)).status, 200);
assert.equal((await users('nonsense.of.mine')).json.error.code, 450);
const next = await call('POST', bonfire, '/v1/oauth', key, {
  grant_type: 'refresh_token',
  refresh_token: mine.refresh_token,
});
assert.equal(next.status, 200, next.text);
assert.equal(next.json.data.type, 'access_token');
assert.equal((await users(next.json.data.attributes.access_token)).status, 200);
console.log('served');
