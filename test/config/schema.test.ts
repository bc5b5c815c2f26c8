import { expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { configSchemaText } from "../../scripts/configSchema.ts"

it("config.schema.json is what the schema of the daemon makes of it (node scripts/configSchema.ts)", () => {
  expect(readFileSync("config.schema.json", "utf8")).toBe(configSchemaText())
})

it("config.example.json names it, so that editors complete and check", () => {
  expect(JSON.parse(readFileSync("config.example.json", "utf8"))).toMatchObject({ $schema: "./config.schema.json" })
})
