// The pages in a colour that is hard to read: every one of them must pass axe all the same.
//
//   colour.mjs BASE PICTURES PASSWORD NAME

import assert from "node:assert/strict";

import { Looker } from "./look.mjs";

const [base, pictures, password, name] = process.argv.slice(2);
const looker = new Looker(base, pictures);
await looker.start();
try {
  const page = await looker.open();
  await page.goto(`${base}/oauth2/account`);
  await looker.look(page, `${name}-sign-in`);
  await page.getByLabel("User name").fill("olga");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Signed in as olga").waitFor();
  await looker.look(page, `${name}-account`);
  for (const path of ["applications", "applications/new"]) {
    await page.goto(`${base}/oauth2/${path}`);
    await looker.look(page, `${name}-${path.replace("/", "-")}`);
  }
} finally {
  await looker.end();
}
assert.deepEqual(looker.violations, []);
assert.deepEqual(looker.complaints, []);
console.log(`${looker.looked} pages seen`);
