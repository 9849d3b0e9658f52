// A consultation from the need to the report, with a client whose types come from the server's own API document.
//
//   SERVER_URL    where the server is
//   START_TOKEN  the token at the end of the link that the first start printed
//   LETTERS   the folder into which the server writes its letters
//
// What a person does in their browser is done here with the tokens from their letters.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const url = process.env.SERVER_URL ?? "http://127.0.0.1:8080";
const folder = process.env.LETTERS ?? "data/mail";
const start = process.env.START_TOKEN;
if (!start) throw new Error("Set START_TOKEN to the token of the first start.");

type Purpose = components["schemas"]["NoticePurpose"];

const as = (token?: string) =>
  createClient<paths>({
    baseUrl: `${url}/api`,
    headers: { "if-match": "*", ...(token ? { authorization: `Bearer ${token}` } : {}) },
  });

/** The answer, or an error that says what the server said. */
async function done<T>(what: string, call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new Error(`${what}: ${response.status} ${JSON.stringify(error)}`);
  console.log(`${what}: ${response.status}`);
  return data as T;
}

/** The token of this kind from the letter that comes next. */
async function letter(prefix: string): Promise<string> {
  const pattern = new RegExp(`\\b${prefix}[A-Za-z0-9_-]{43}\\b`);
  for (let tries = 0; tries < 100; tries++) {
    const files = (existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name));
    files.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
    for (const file of files.filter((name) => name.endsWith(".eml"))) {
      const found = readFileSync(file, "utf8").replace(/=\r?\n/g, "").match(pattern);
      if (found) return found[0];
    }
    await pause(200);
  }
  throw new Error(`no letter with ${prefix} in ${folder}`);
}

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const purpose = (name: Purpose["purpose"], text: string, effect: Purpose["withdrawal_effect"]): Purpose => ({
  purpose: name,
  text,
  necessary: false,
  data: ["What you tell us"],
  recipients: [],
  retention: "Two years",
  legal_basis: "consent",
  withdrawal_effect: effect,
  legal_basis_after: "none",
  valid_months: 24,
});
const notice = (title: string, purposes: Purpose[]) => ({
  language: "en",
  title,
  text: "What we do with what you tell us.",
  controllers: ["Sunrise Trust"],
  contact: "hello@sunrise.example",
  purposes,
});

// 1. Set up.
const setUp = await done(
  "set up",
  as().POST("/set-up", {
    body: {
      token: start,
      email: "ada@example.org",
      name: "Ada",
      password: "four plain words here",
      organisation: { slug: "sunrise", name: "Sunrise Trust", contact: "hello@sunrise.example" },
    },
  }),
);
const staff = as(setUp.token);
const organisation = setUp.organisation!.id;

// 2. Say what people agree to.
const terms = await done(
  "a notice",
  staff.POST("/organisations/{organisation}/notices", {
    params: { path: { organisation } },
    body: {
      content: notice("Writing to you", [
        purpose("contact_invite", "We send you invitations.", "stop_future_only"),
        purpose("contact_feedback", "We tell you what came of it.", "stop_future_only"),
      ]),
    },
  }),
);
await done(
  "it is published",
  staff.POST("/organisations/{organisation}/notices/{notice}/publish", {
    params: { path: { organisation, notice: terms.id } },
  }),
);

// 3. Somebody joins, and 4. says how they want to be involved.
const slug = "sunrise";
await done("join", as().POST("/public/{slug}/join", { params: { path: { slug } }, body: { email: "ben@example.org" } }));
const joined = await done(
  "confirm",
  as().POST("/public/{slug}/confirm", { params: { path: { slug } }, body: { token: await letter("aj_") } }),
);
const person = as(joined.token);
await done("a wish", person.PUT("/me/preferences", { body: { stance: { kind: "up_to", rung: "consultation" } } }));
const seen = await done(
  "the notice is shown",
  person.POST("/me/notices/{notice}/shown", {
    params: { path: { notice: terms.id } },
    body: { language: "en", format: "plain" },
  }),
);
await done(
  "they agree",
  person.POST("/me/consents", {
    body: {
      shown: seen.shown,
      consents: [
        { purpose: "contact_invite", choice: "give" },
        { purpose: "contact_feedback", choice: "give" },
      ],
    },
  }),
);

// 5. A project from a need, a decision, and an opportunity.
const project = await done(
  "a project",
  staff.POST("/organisations/{organisation}/projects", {
    params: { path: { organisation } },
    body: {
      title: "Support after violence",
      need: "People do not find support that fits.",
      claimed_rung: "consultation",
      purpose: {
        why: "Those who need it know what fits.",
        benefit_to_participants: "Support that fits.",
        intended_change: "Support is built around people.",
      },
      intended_users: ["People who lived through violence"],
      promise: "What form the support takes can change. Where we cannot do what is proposed, we say why.",
    },
  }),
);
const decision = await done(
  "a decision",
  staff.POST("/organisations/{organisation}/projects/{project}/decisions", {
    params: { path: { organisation, project: project.id } },
    body: {
      title: "A group, or one to one",
      stage: "design",
      level: "service",
      weight: "big",
      scope: "open",
      owner: "The board",
      rule: "owner_decides",
    },
  }),
);
const made = await done(
  "an opportunity",
  staff.POST("/organisations/{organisation}/opportunities", {
    params: { path: { organisation } },
    body: {
      project: project.id,
      kind: "consultation",
      title: "Your view",
      summary: "One question about the form that support takes.",
      rung: "consultation",
      stage: "design",
      decisions: [decision.id],
      open_to_influence: "The form that support takes.",
      not_open: "The budget of this year.",
      who_decides: "The board, in June.",
      how_chosen: "Everybody whose choices fit is asked.",
      minutes: 15,
      payment: { kind: "unpaid" },
      closes_on: day(14),
      feedback_due: day(60),
    },
  }),
);
const at = { path: { organisation, opportunity: made.id } };
const taking = await done(
  "its notice",
  staff.POST("/organisations/{organisation}/notices", {
    params: { path: { organisation } },
    body: {
      opportunity: made.id,
      content: notice("Taking part", [
        purpose("participate", "We keep and read your answers.", "erase_raw_unpublished"),
        purpose("publish_in_aggregate", "You are counted in what we publish.", "erase_raw_unpublished"),
      ]),
    },
  }),
);
await done(
  "it is published",
  staff.POST("/organisations/{organisation}/notices/{notice}/publish", {
    params: { path: { organisation, notice: taking.id } },
  }),
);
await done(
  "its question",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/questionnaire", {
    params: at,
    body: { elements: [{ type: "comment", name: "view", title: "What should support look like?", isRequired: true }] },
  }),
);
await done("it opens", staff.POST("/organisations/{organisation}/opportunities/{opportunity}/open", { params: at }));

// 6. Ask, and 7. answer.
await done(
  "invitations",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/invitations", { params: at, body: {} }),
);
const guest = as(await letter("ai_"));
const shown = await done(
  "the notice is shown",
  guest.POST("/invitation/notice/shown", { body: { language: "en", format: "plain" } }),
);
await done(
  "they agree",
  guest.POST("/invitation/consents", {
    body: {
      shown: shown.shown,
      consents: [
        { purpose: "participate", choice: "give" },
        { purpose: "publish_in_aggregate", choice: "give" },
      ],
    },
  }),
);
const asked = await done("the questions", guest.GET("/invitation/questionnaire"));
await done(
  "the answers",
  guest.POST("/invitation/response", {
    body: { questionnaire: asked.questionnaire, answers: { view: "One to one, close to home." } },
  }),
);

// 8. Close, say what was heard, answer every proposal, publish.
await done(
  "it closes",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/close", {
    params: at,
    body: { reason: "Everybody who was asked has answered." },
  }),
);
const responses = await done(
  "what was said",
  staff.GET("/organisations/{organisation}/opportunities/{opportunity}/responses", { params: at }),
);
const theme = await done(
  "a theme",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/themes", {
    params: at,
    body: { title: "One person who stays", summary: "People want one person whom they know." },
  }),
);
await done(
  "its sources",
  staff.PUT("/organisations/{organisation}/opportunities/{opportunity}/themes/{theme}/sources", {
    params: { path: { ...at.path, theme: theme.id } },
    body: { responses: responses.items.map((response) => response.id) },
  }),
);
await done(
  "an answered proposal",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/recommendations", {
    params: at,
    body: { text: "Offer one to one support.", theme: theme.id, decision: decision.id, outcome: "done", owner: "The board" },
  }),
);
await done("a report", staff.POST("/organisations/{organisation}/opportunities/{opportunity}/report", { params: at }));
await done(
  "its words",
  staff.PUT("/organisations/{organisation}/opportunities/{opportunity}/report", {
    params: at,
    body: {
      in_one_minute: "There will be one to one support.",
      steps_taken: "We wrote to everybody.",
      learned: "Ask sooner.",
      next_steps: [{ what: "The first talks begin", owner: "The board", due: day(60) }],
    },
  }),
);
await done(
  "it is published",
  staff.POST("/organisations/{organisation}/opportunities/{opportunity}/report/publish", { params: at, body: {} }),
);
const reports = await done("everybody can read it", as().GET("/public/{slug}/reports", { params: { path: { slug } } }));
if (reports.items.length !== 1) throw new Error(`one report, and not ${reports.items.length}`);
console.log("A consultation, from the need to the report.");
