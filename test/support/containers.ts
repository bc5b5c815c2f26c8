import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { type AgentScript, answered, type Folder, makeFolder } from "./daemon.ts"

/** A process namespace of its own, which ends with its first process, as a container does. */
const kinds = [[], ["--map-root-user"]].map((more) => [...more, "--pid", "--fork", "--mount-proc", "--kill-child"])

const usable = kinds.find((args) => spawnSync("unshare", [...args, "true"], { stdio: "ignore" }).status === 0)

export const containerIsThere = usable !== undefined

/** What a daemon is started through to be the first process of a container. */
export const asContainer: ReadonlyArray<string> = ["unshare", ...usable ?? []]

/** The same, but the container stays when the daemon has been killed in it, which the file `stop` asks for. */
export const leftContainer = (folder: Folder): ReadonlyArray<string> => [
  ...asContainer,
  "sh",
  "-c",
  `"$@" & while [ ! -e ${folder.file("stop")} ]; do sleep 0.05; done; kill -KILL $!; while :; do sleep 1; done`,
  "sh"
]

/**
 * A folder whose agent notes its wakes without their pids, which mean nothing outside of its container. It ends with it.
 */
export const makeContained = (
  hub: DevHub,
  {
    answer = answered,
    confirm = `: > "$RESULTS_DIR/$TASK_ID.started"`,
    work = "while [ ! -e go ]; do sleep 0.02; done"
  }: AgentScript = {},
  config: Record<string, unknown> = {}
): Effect.Effect<Folder & { readonly woken: () => number }, never, Scope.Scope> =>
  Effect.gen(function*() {
    const folder = yield* makeFolder(hub, {}, { wake_command: "exec /bin/sh contained.sh", ...config })
    yield* folder.write("contained.sh", ["echo woken >> contained.log", confirm, work, answer].join("\n"))
    return { ...folder, woken: () => folder.read("contained.log").split("\n").length - 1 }
  })
