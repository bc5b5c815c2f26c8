import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { holdFolder } from "../../src/layers/FolderLock.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-lock-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe("one sidecar a folder", () => {
  it.live("the second one is told who holds it: pid and since when", () =>
    Effect.gen(function*() {
      const path = yield* folder
      yield* holdFolder(path)
      const refusal = yield* Effect.flip(Effect.scoped(holdFolder(path)))
      assert.strictEqual(refusal.holder?.pid, process.pid)
      assert.match(refusal.message, /held by the sidecar with pid \d+, since \d{4}-\d\d-\d\dT/)
      assert.notInclude(refusal.message, "\n")
    }))

  it.live("the same folder by another path is the same folder", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const alias = join(yield* folder, "alias")
      symlinkSync(path, alias)
      yield* holdFolder(path)
      assert.strictEqual((yield* Effect.flip(Effect.scoped(holdFolder(alias))))._tag, "FolderInUse")
    }))

  it.live("it is free again when its holder has gone, and two folders do not meet", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const scope = yield* Scope.make()
      yield* holdFolder(path).pipe(Scope.provide(scope))
      yield* holdFolder(yield* folder)
      yield* Scope.close(scope, Exit.void)
      yield* holdFolder(path)
    }))
})
