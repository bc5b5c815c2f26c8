import * as Schema from "effect/Schema"
import type { JsonObject } from "./json.ts"
import { isJsonObject } from "./json.ts"
import { fieldCharacters, limits } from "./limits.ts"
import declared from "./ws-schemas.json" with { type: "json" }

const FieldType = Schema.Literals([
  "string",
  "integer",
  "number",
  "boolean",
  "object",
  "array<string>",
  "array<object>"
])
type FieldType = typeof FieldType.Type

const Field = Schema.Struct({ name: Schema.String, type: FieldType })

const FrameSchema = Schema.Struct({
  type: Schema.String,
  description: Schema.String,
  required_fields: Schema.Array(Field),
  optional_fields: Schema.Array(Field)
})

/** The fields of a frame or body. */
export interface Shape {
  readonly required: ReadonlyArray<typeof Field.Type>
  readonly optional: ReadonlyArray<typeof Field.Type>
}

/** One violation, in the words of the real hub. */
export interface FieldError {
  readonly field: string
  readonly error: "required" | "wrong_type" | "too_long" | "unknown_message_type" | "invalid_value"
  readonly detail: string
  readonly value?: unknown
  readonly known_types?: ReadonlyArray<string>
}

const frames = Schema.decodeUnknownSync(Schema.Array(FrameSchema))(declared.websocket)

const shapes: ReadonlyMap<string, Shape> = new Map(
  frames.map((frame) => [frame.type, { required: frame.required_fields, optional: frame.optional_fields }])
)

const knownTypes = [...shapes.keys()].toSorted()

/** The real hub's name of a value's type. */
const typeName = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "array"
    : typeof value === "number"
    ? Number.isInteger(value) ? "integer" : "float"
    : typeof value

const isOf = (type: string, value: unknown): boolean =>
  type === "integer"
    ? Number.isInteger(value)
    : type === "object"
    ? isJsonObject(value)
    : typeof value === type

const wrongType = (field: string, expected: string, value: unknown): FieldError => ({
  field,
  error: "wrong_type",
  detail: `expected ${expected}, got ${typeName(value)}`,
  value
})

const checkType = (name: string, type: FieldType, value: unknown): FieldError | undefined => {
  const item = /^array<(.+)>$/.exec(type)?.[1]
  if (item === undefined) return isOf(type, value) ? undefined : wrongType(name, type, value)
  if (!Array.isArray(value)) return wrongType(name, "array", value)
  const bad = value.findIndex((one) => !isOf(item, one))
  return bad === -1 ? undefined : wrongType(`${name}[${bad}]`, item, value[bad])
}

const segmenter = new Intl.Segmenter()

/** The first characters of a text, as a reader counts them (grapheme clusters). */
const head = (value: string, count: number): string => {
  let kept = ""
  let seen = 0
  for (const { segment } of segmenter.segment(value)) {
    if (++seen > count) break
    kept += segment
  }
  return kept
}

const checkLength = (name: string, value: unknown): FieldError | undefined => {
  const most = fieldCharacters.get(name)
  if (most === undefined || typeof value !== "string") return undefined
  if (value.length <= most || head(value, most) === value) return undefined
  return {
    field: name,
    error: "too_long",
    detail: `exceeds maximum length of ${most} characters`,
    value: `${head(value, limits.echoedCharacters)}...`
  }
}

/** All violations of a shape: required fields first, then optional ones. Unknown fields are allowed. */
export const checkShape = (shape: Shape, data: JsonObject): ReadonlyArray<FieldError> => {
  const check = (field: typeof Field.Type, required: boolean): ReadonlyArray<FieldError> => {
    const value = data[field.name]
    if (value === undefined || value === null) {
      return required ? [{ field: field.name, error: "required", detail: "field is required" }] : []
    }
    return [checkType(field.name, field.type, value), checkLength(field.name, value)]
      .filter((error) => error !== undefined)
  }
  return [
    ...shape.required.flatMap((field) => check(field, true)),
    ...shape.optional.flatMap((field) => check(field, false))
  ]
}

/** All violations in a frame of an agent; none if the hub takes it. */
export const checkFrame = (frame: JsonObject): ReadonlyArray<FieldError> => {
  const type = frame["type"]
  if (type === undefined) return [{ field: "type", error: "required", detail: "field is required" }]
  if (typeof type !== "string") return [wrongType("type", "string", type)]
  const shape = shapes.get(type)
  return shape === undefined
    ? [{
      field: "type",
      error: "unknown_message_type",
      detail: `unknown message type '${type}'`,
      known_types: knownTypes
    }]
    : checkShape(shape, frame)
}

const fields = (types: Readonly<Record<string, FieldType>>): Shape["required"] =>
  Object.entries(types).map(([name, type]) => ({ name, type })).toSorted((a, b) => a.name < b.name ? -1 : 1)

const bodyShape = (
  required: Readonly<Record<string, FieldType>>,
  optional: Readonly<Record<string, FieldType>> = {}
): Shape => ({ required: fields(required), optional: fields(optional) })

/** The shapes of HTTP request bodies. */
export const bodies = {
  agent: bodyShape({ agent_id: "string" }),
  mailboxAck: bodyShape({ seq: "integer" }),
  message: bodyShape({ payload: "object" }, { to: "string", type: "string", reply_to: "string" }),
  channel: bodyShape({ name: "string" }, { description: "string" }),
  publish: bodyShape({ payload: "object" }, { type: "string", reply_to: "string" }),
  pushTask: bodyShape({ agent_id: "string", description: "string" }, { metadata: "object" }),
  task: bodyShape({ description: "string" }, {
    priority: "string",
    metadata: "object",
    max_retries: "integer",
    complete_by: "integer",
    needed_capabilities: "array<string>",
    repo: "string",
    branch: "string",
    file_hints: "array<object>",
    success_criteria: "array<string>",
    verification_steps: "array<object>",
    complexity_tier: "string",
    max_verification_retries: "integer",
    skip_verification: "boolean",
    verification_timeout_ms: "integer",
    depends_on: "array<string>",
    goal_id: "string"
  })
} as const

/** The shapes of all frames, as `GET /api/schemas` lists them. */
export const schemas = { websocket: frames, http: [], version: declared.version }
