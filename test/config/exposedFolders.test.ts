import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { exposedFolders } from "../../src/config/exposure.ts"

const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** A folder above, the agent's folder in it, and its results, each with its mode. */
const tree = (above: number, home: number, results: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "exposed-"))
      const folders = { above: path, home: join(path, "agent"), results: join(path, "agent", "results") }
      mkdirSync(folders.results, { recursive: true })
      chmodSync(folders.results, results)
      chmodSync(folders.home, home)
      chmodSync(folders.above, above)
      return folders
    }),
    (folders) => Effect.sync(() => rmSync(folders.above, { recursive: true, force: true }))
  )

describe("a folder in which another user may write is told", () => {
  const cases: ReadonlyArray<
    readonly [
      what: string,
      modes: readonly [number, number, number],
      names: ReadonlyArray<"above" | "home" | "results">
    ]
  > = [
    ["nobody else may", [0o755, 0o700, 0o700], []],
    ["the results, under umask 000", [0o755, 0o700, 0o777], ["results"]],
    ["the results, though sticky: an answer can still be forged", [0o755, 0o700, 0o1777], ["results"]],
    ["the agent's folder", [0o755, 0o777, 0o700], ["home"]],
    ["the folder above", [0o777, 0o700, 0o700], ["above"]],
    ["the folder above, sticky as /tmp is: nobody else can move ours", [0o1777, 0o700, 0o700], []],
    ["the user's own group may, as with umask 002", [0o775, 0o775, 0o775], []]
  ]
  it.effect.each(cases)("%s", ([, modes, names]) =>
    Effect.gen(function*() {
      const folders = yield* tree(...modes)
      const exposed = yield* exposedFolders([folders.home, folders.results], me)
      assert.deepEqual(exposed.map(({ path }) => path).toSorted(), names.map((name) => folders[name]).toSorted())
      for (const { path, remedy } of exposed) assert.equal(remedy, `chmod go-w ${path}`)
    }).pipe(Effect.scoped))

  it.effect("another group may", () =>
    Effect.gen(function*() {
      const folders = yield* tree(0o755, 0o700, 0o770)
      const exposed = yield* exposedFolders([folders.results], { ...me, gid: me.gid + 1 })
      assert.deepEqual(exposed.map(({ path }) => path), me.gid === 0 ? [] : [folders.results])
    }).pipe(Effect.scoped))

  it.effect("the folder above belongs to another user", () =>
    Effect.gen(function*() {
      const folders = yield* tree(0o755, 0o755, 0o700)
      const exposed = yield* exposedFolders([folders.results], { ...me, uid: me.uid + 1 })
      const ofOthers = me.uid === 0 ? [] : [folders.above, folders.home]
      assert.deepEqual(exposed.map(({ path }) => path).toSorted(), ofOthers)
    }).pipe(Effect.scoped))

  it.effect("one that is not there yet is made by us", () =>
    Effect.gen(function*() {
      const folders = yield* tree(0o755, 0o700, 0o700)
      assert.deepEqual(yield* exposedFolders([join(folders.home, "tasks")], me), [])
    }).pipe(Effect.scoped))
})
