import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { parseExact } from "./exact.ts"

const parse = SchemaGetter.transformEffect((text: string, options) =>
  Effect.try({
    try: () => parseExact(text),
    catch: () => new SchemaIssue.InvalidValue({ expected: "a valid JSON string" }, text, options)
  })
)

/** As `Schema.fromJsonString`, but no number is changed. Of our own files only: what others wrote has to be bounded. */
export const fromExactJson = <S extends Schema.Constraint>(schema: S) =>
  Schema.String.pipe(Schema.decodeTo(schema, { decode: parse, encode: SchemaGetter.stringifyJson() }))
