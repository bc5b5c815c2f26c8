// Writes config.schema.json, with which editors complete and check a config.json: node scripts/configSchema.ts
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { configFile } from "../src/config/ConfigFile.ts"
import { type ConfigKey, configKeyNames, configKeys } from "../src/config/keys.ts"

/** What the schema of the daemon cannot say of itself as JSON Schema. */
const more: Readonly<Partial<Record<ConfigKey, object>>> = {
  wake_command: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, minItems: 1 }] },
  hub_url: { pattern: "^wss?://" },
  hub_api_url: { pattern: "^https?://" }
}

/** The JSON Schema of `config.json`. */
export const configSchema = (): object => {
  const { schema } = Schema.toJsonSchemaDocument(configFile("", false))
  const properties: Record<string, unknown> = { ...Object(schema["properties"]) }
  for (const key of configKeyNames) {
    properties[key] = { description: configKeys[key].does, ...Object(properties[key]), ...more[key] }
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "config.json of agentcom-sidecar",
    type: "object",
    properties,
    required: ["agent_id", "hub_url"],
    anyOf: [{ required: ["token"] }, { required: ["token_file"] }],
    additionalProperties: false
  }
}

export const configSchemaText = (): string => `${JSON.stringify(configSchema(), null, 2)}\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../config.schema.json", import.meta.url), configSchemaText())
}
