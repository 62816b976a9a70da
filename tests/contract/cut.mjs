// Cuts GitHub's OpenAPI document down to the calls that the console makes, below /api/v3 as an Enterprise Server has
// them: `node cut.mjs OUT.json`. Prism then holds the console and the fake against it.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const document = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"),
);
const repo = "/repos/{owner}/{repo}";
const run = `${repo}/actions/runs/{run_id}`;
const wanted = [
  "/user", "/user/repos", "/orgs/{org}/repos", "/users/{username}/repos", "/orgs/{org}/teams/{team_slug}/repos",
  repo, `${repo}/actions/runs`, run, `${run}/pending_deployments`, `${run}/approvals`, `${run}/jobs`,
  `${run}/approve`, `${run}/cancel`, `${run}/force-cancel`, `${repo}/actions/workflows/{workflow_id}/runs`,
  `${repo}/deployments`, `${repo}/deployments/{deployment_id}/statuses`, `${repo}/compare/{basehead}`,
  `${repo}/contents/{path}`, `${repo}/environments/{environment_name}/deployment_protection_rules`,
  `${repo}/commits/{ref}`, `${repo}/branches`, `${repo}/tags`, `${repo}/git/trees/{tree_sha}`,
  `${repo}/git/blobs/{file_sha}`,
];
const paths = {};
for (const path of wanted) {
  if (!document.paths[path]) throw new Error(`GitHub's document has no ${path}`);
  paths[`/api/v3${path}`] = document.paths[path];
}

// What the document leaves out though GitHub answers it: media types of raw text.
const text = { schema: { type: "string" } };
const answer = (path, type) => {
  const content = paths[`/api/v3${path}`].get.responses["200"].content;
  content[type] = text;
};
answer(`${repo}/compare/{basehead}`, "application/vnd.github.diff");
answer(`${repo}/contents/{path}`, "application/vnd.github.raw+json");
answer(`${repo}/contents/{path}`, "application/vnd.github.raw");
answer(`${repo}/git/blobs/{file_sha}`, "application/vnd.github.raw+json");
answer(`${repo}/git/blobs/{file_sha}`, "application/vnd.github.raw");
answer(`${repo}/commits/{ref}`, "application/vnd.github.sha");
delete paths[`/api/v3${repo}/contents/{path}`].get.responses["200"].content["application/vnd.github.object"];

// GraphQL stands in no OpenAPI document: its queries are held against its own schema (validate.mjs).
paths["/api/graphql"] = {
  post: { requestBody: { content: { "application/json": { schema: { type: "object" } } } }, responses: { 200: { description: "data", content: { "application/json": { schema: { type: "object" } } } } } },
};

// GitHub answers every conditional read with 304; its document says so for a few.
for (const { get } of Object.values(paths)) {
  if (get) get.responses["304"] ??= { description: "not modified" };
}

// Number or file name: a number in a path is both to Prism, and neither then.
document.components.parameters["workflow-id"].schema = { type: "integer" };

const components = {};
const seen = new Set();
const walk = (node) => {
  if (Array.isArray(node)) return node.forEach(walk);
  if (!node || typeof node !== "object") return;
  if (typeof node.$ref === "string" && !seen.has(node.$ref)) {
    seen.add(node.$ref);
    const [, , kind, name] = node.$ref.split("/");
    const part = document.components[kind][name];
    (components[kind] ??= {})[name] = part;
    walk(part);
  }
  Object.values(node).forEach(walk);
};
walk(paths);
writeFileSync(process.argv[2], JSON.stringify({ openapi: document.openapi, info: document.info, paths, components }));
