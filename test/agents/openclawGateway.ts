import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { spawn } from "node:child_process"
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { listen, type ModelServer, startModelServer } from "./modelServer.ts"

/** A gateway of OpenClaw with a home of its own, and the model that it asks. */
export class OpenClaw extends Context.Service<OpenClaw, {
  readonly model: ModelServer
  /** What the sidecar needs in its environment, so that its wake command finds this OpenClaw. */
  readonly env: Record<string, string>
}>()("test/OpenClaw") {}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The program `openclaw`: the variable OPENCLAW names it, or it is on the PATH. */
export const findOpenClaw = ({ OPENCLAW, PATH = "" }: NodeJS.ProcessEnv): string | undefined =>
  OPENCLAW ?? PATH.split(delimiter).map((folder) => join(folder, "openclaw")).find(isProgram)

const freePort = Effect.promise(async () => {
  const server = createServer()
  const port = await listen(server)
  await new Promise((closed) => server.close(closed))
  return port
})

const configOf = (home: string, port: number, model_url: string) => ({
  gateway: { mode: "local", bind: "loopback", port, auth: { mode: "token", token: "of-this-test" } },
  agents: {
    defaults: { workspace: join(home, "workspace"), skipBootstrap: true, model: { primary: "scripted/scripted" } }
  },
  models: {
    mode: "replace",
    providers: {
      scripted: {
        baseUrl: model_url,
        apiKey: "none",
        api: "openai-completions",
        models: [{
          id: "scripted",
          name: "Scripted",
          reasoning: false,
          input: ["text"],
          contextWindow: 256_000,
          maxTokens: 8_000
        }]
      }
    }
  },
  logging: { file: join(home, "openclaw.log") },
  update: { checkOnStart: false }
})

/** An environment where OpenClaw finds nothing of the user's, and this program first. */
const environmentOf = (program: string, home: string): Record<string, string> => ({
  HOME: home,
  OPENCLAW_HOME: home,
  OPENCLAW_STATE_DIR: join(home, ".openclaw"),
  OPENCLAW_CONFIG_PATH: join(home, ".openclaw", "openclaw.json"),
  OPENCLAW_SHELL: "",
  VITEST: "", // OpenClaw prints nothing in a test of its own
  NODE_ENV: "",
  OPENCLAW_OFFLINE: "1",
  OPENCLAW_NO_AUTO_UPDATE: "1",
  OPENCLAW_SKIP_CHANNELS: "1",
  OPENCLAW_DISABLE_BONJOUR: "1",
  PATH: [dirname(program), dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter)
})

const makeHome = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-openclaw-"))),
  (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
)

const startGateway = (program: string, env: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(program, ["gateway", "run"], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve))
      let output = ""
      child.stdout.on("data", (data: Buffer) => output += data.toString())
      child.stderr.on("data", (data: Buffer) => output += data.toString())
      return { child, ended, output: () => output }
    }),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGTERM")
        return ended
      }).pipe(Effect.timeoutOrElse({ duration: 15_000, orElse: () => Effect.sync(() => child.kill("SIGKILL")) }))
  )

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(({ ok }) => ok, () => false)

/** Starts a gateway of this program on loopback; it and all its files are gone at the end of the scope. */
export const layerOpenClaw = (program: string) =>
  Layer.effect(
    OpenClaw,
    Effect.gen(function*() {
      const model = yield* startModelServer
      const home = yield* makeHome
      const port = yield* freePort
      const env = environmentOf(program, home)
      mkdirSync(join(home, ".openclaw"))
      writeFileSync(join(home, ".openclaw", "openclaw.json"), JSON.stringify(configOf(home, port, model.url)))
      const gateway = yield* startGateway(program, env)
      yield* Effect.promise(() => answers(port)).pipe(
        Effect.repeat({ until: (up) => up, schedule: Schedule.spaced(100) }),
        Effect.raceFirst(Effect.flatMap(
          Effect.promise(() => gateway.ended),
          (how) => Effect.die(new Error(`the gateway ended: ${how}\n${gateway.output()}`))
        ))
      )
      return { model, env }
    })
  )
