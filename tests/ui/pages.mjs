// The pages in a real browser: what people do, with a script and without, in both colours, with axe.
import { spawn } from "node:child_process";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { AxeBuilder } from "@axe-core/playwright";

const [toolcat, executablePath, pictures] = process.argv.slice(2);

// Serves until `end`; the link signs in once.
function serve() {
  const server = spawn(toolcat, ["ui", "--no-open"], { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (bytes) => {
      said += bytes;
      const link = /^open (\S+)$/m.exec(said);
      if (link) resolve({ link: link[1], base: new URL(link[1]).origin, end: () => server.kill() });
    });
    server.on("exit", () => reject(new Error(said)));
  });
}

async function person(browser, options) {
  const server = await serve();
  const context = await browser.newContext({ baseURL: server.base, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const refused = [];
  page.on("console", (it) => it.text().includes("Content Security Policy") && refused.push(it.text()));
  await page.goto(server.link);
  assert.equal(await page.title(), "Home · toolcat");
  return { page, context, refused, end: async () => { await context.close(); server.end(); } };
}

const tool = { name: "", version: "1.0", category: "search", description: "Find lines that match a pattern",
  capability: "text_search", can: "Find text in files", how: "Search a folder", uses: "find a word", argv: "rg\n--json",
  reason: "wanted" };

async function work({ page }, name, scripts) {
  // Make a tool by the form.
  await page.goto("/ui/new");
  for (const [field, value] of Object.entries({ ...tool, name })) await page.locator(`#${field}`).fill(value);
  await page.getByRole("button", { name: "Make the tool" }).click();
  await page.getByText(`linux/${name}@1.0 was made.`).waitFor();
  // Break it, and see where.
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  const text = page.locator("#text");
  const whole = await text.inputValue();
  await text.fill(whole.replace("time_estimate_ms: ", "time_estimate_ms: 5 + * "));
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("li.marked").first().waitFor();
  // The form changes the same definition; where scripts run, the other side follows what is typed.
  const time = page.locator("[name$='/time_estimate_ms']");
  await text.fill(whole);
  if (!scripts) await page.getByRole("button", { name: "Check" }).click();
  await page.locator("#findings li.marked").waitFor({ state: "detached" });
  await time.fill("40 + 3 * N");
  if (!scripts) await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("340 ms at N = 100.").waitFor();
  assert.match(await text.inputValue(), /time_estimate_ms: 40 \+ 3 \* N/);
  await text.fill(whole.replace("time_estimate_ms: ", "time_estimate_ms: 9 + "));
  if (!scripts) await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("What you change").waitFor();
  await page.locator("[name$='/time_estimate_ms'][value^='9 + ']").waitFor();
  // Somebody else saves meanwhile; both want another description.
  const other = await page.context().newPage();
  await other.goto(`/ui/tools/linux%2F${name}/edit`);
  await other.locator("#text").fill(whole.replace(tool.description, "Theirs"));
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByText("Saved: 1 field changed.").waitFor();
  await other.close();
  await text.fill(whole.replace(tool.description, "Mine"));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else changed the same fields meanwhile").waitFor();
  await page.locator("#reason").fill("settled");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved: 1 field changed.").waitFor();
  // Many at once, with the plan first.
  await page.goto(`/ui/tools?tag=&platform=linux&capability=${tool.capability}`);
  await page.getByLabel(/all that match/).check();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByText("Nothing has been changed yet.").waitFor();
  await page.locator("#reason").fill(`tidied ${name}`);
  await page.getByRole("button", { name: /^Change \d+ tool/ }).click();
  await page.locator(".flash").waitFor();
  assert.match(page.url(), /capability=text_search/);
  // Who changed what, and why.
  await page.getByRole("link", { name: /in the audit log/ }).click();
  await page.getByText(`tidied ${name}`).first().waitFor();
  await page.goBack();
  assert.match(page.url(), /platform=linux/);
  await page.reload();
  assert.equal(await page.locator("#platform").inputValue(), "linux");
  if (scripts) {
    await page.locator("h1").click();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  }
}

// Plan a test, make it, start it.
async function measure({ page }, name) {
  await page.goto("/ui/abtests");
  await page.getByRole("button", { name: "New test" }).click();
  const test = { name, a: "linux/df@1.0", b: "linux/df@2.0", share_b: "50", reason: "to know" };
  for (const [field, value] of Object.entries(test)) await page.locator(`#${field}`).fill(value);
  await page.getByRole("button", { name: "Show the plan" }).click();
  await page.getByText("This test is planned for").waitFor();
  await page.getByRole("button", { name: "Make the test" }).click();
  await page.locator("#reason").fill("now");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("The test was started.").waitFor();
}

// End it, which takes a reason.
async function conclude({ page }, name) {
  await page.goto(`/ui/abtests/${name}`);
  await page.locator("#reason").fill("enough was seen");
  await page.getByRole("button", { name: "End with A" }).click();
  await page.getByText("The winner was forced by a person.").waitFor();
}

async function look(browser, colorScheme) {
  const one = await person(browser, { colorScheme });
  const paths = ["/ui/", "/ui/tools", "/ui/tools/linux%2Fdf", "/ui/tools/linux%2Fdf/edit", "/ui/new", "/ui/new?by=text",
    "/ui/select", "/ui/select?words=how+full+is+the+disk&why_not=du", "/ui/telemetry", "/ui/telemetry?tool=df",
    "/ui/abtests", "/ui/abtests/new", "/ui/abtests/quick",
    "/ui/audit", "/ui/audit?revision=1", "/ui/members", "/ui/tools?status=nothing", "/ui/tools/nothing", "/ui/sign-in"];
  for (const path of paths) {
    await one.page.goto(path);
    for (const width of [1400, 400]) {
      await one.page.setViewportSize({ width, height: 900 });
      const overflow = await one.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${path} is ${overflow} px wider than ${width}`);
      const found = await new AxeBuilder({ page: one.page }).analyze();
      const said = found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target).join(" ")}`);
      assert.deepEqual(said, [], `${path} at ${width}, ${colorScheme}`);
      if (pictures) await one.page.screenshot({ path: `${pictures}/${encodeURIComponent(path)}-${width}-${colorScheme}.png` });
    }
  }
  assert.deepEqual(one.refused, []);
  await one.end();
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  for (const scripts of [true, false]) {
    const one = await person(browser, { javaScriptEnabled: scripts });
    await work(one, scripts ? "rg_one" : "rg_two", scripts);
    if (scripts) await measure(one, "quick");
    assert.deepEqual(one.refused, []);
    await one.end();
  }
  for (const scheme of ["light", "dark"]) await look(browser, scheme);
  const one = await person(browser, { javaScriptEnabled: false });
  await conclude(one, "quick");
  await one.end();
  console.log("the pages do what people need, with a script and without; axe finds nothing in either colour");
} finally {
  await browser.close();
}
process.exit(0);
