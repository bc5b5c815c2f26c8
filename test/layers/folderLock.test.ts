import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { holdFolder } from "../../src/layers/FolderLock.ts"
import { limits } from "../../src/limits.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-lock-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A process that holds the folder and has been stopped since, so that it answers nobody. */
const silentHolder = (path: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const script = `import * as Effect from "effect/Effect"
        import { holdFolder } from ${JSON.stringify(resolve("src/layers/FolderLock.ts"))}
        const held = Effect.andThen(holdFolder(${JSON.stringify(path)}), Effect.sync(() => console.log("held")))
        Effect.runFork(Effect.scoped(Effect.andThen(held, Effect.never)))
        setInterval(() => {}, 1_000)`
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      await once(child.stdout, "data")
      child.kill("SIGSTOP")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
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

  it.live(
    "one that is silent is waited for, as a killed one's child holds the folder until it becomes its command",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        const holder = yield* silentHolder(path)
        const free = yield* Effect.forkChild(holdFolder(path))
        yield* Effect.sleep(limits.holder_answer_ms * 1.5)
        holder.kill("SIGKILL")
        yield* Fiber.join(free)
      }),
    20_000
  )

  it.live("one that stays silent holds it", () =>
    Effect.gen(function*() {
      const path = yield* folder
      yield* silentHolder(path)
      assert.isNull((yield* Effect.flip(Effect.scoped(holdFolder(path)))).holder)
    }), 20_000)
})
