import type { JsonObject } from "../domain/Work.ts"

/** The value with the keys of its objects in one order, as JSON text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a < b ? -1 : 1))
      : inner) ?? ""

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && canonical(a) === canonical(b))

/** The names of the fields in which two frames differ, those of `ignored` aside. */
export const changedFields = (
  ours: JsonObject,
  recorded: JsonObject,
  ignored: ReadonlySet<string>
): ReadonlyArray<string> =>
  [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].filter((name) =>
    !ignored.has(name) && !isSame(ours[name], recorded[name])
  )
