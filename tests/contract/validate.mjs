// Holds GraphQL documents against GitHub's schema: one JSON list of texts on the input, what is wrong on the output.
import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";

const schema = new URL("node_modules/@octokit/graphql-schema/schema.graphql", import.meta.url);
const github = buildSchema(readFileSync(schema, "utf8"), { assumeValidSDL: true });
const wrong = JSON.parse(readFileSync(0, "utf8")).flatMap((text) => validate(github, parse(text)).map((e) => `${e.message}\n${text}`));
wrong.forEach((line) => console.log(line));
process.exit(wrong.length > 0 ? 1 : 0);
