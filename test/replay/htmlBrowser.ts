import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import { WebSocket } from "ws"
import { chromiumNames } from "../support/needs.ts"

/** A page in a real browser. Its requests and complaints are kept from before it was opened. */
export interface Page {
  /** The value of an expression in the page, by JSON; promises are awaited. */
  readonly evaluate: <A>(expression: string) => Promise<A>
  readonly move: (x: number, y: number) => Promise<void>
  readonly click: (x: number, y: number) => Promise<void>
  readonly press: (key: string) => Promise<void>
  readonly wheel: (x: number, y: number, deltaY: number) => Promise<void>
  readonly screenshot: () => Promise<Buffer>
  /** The processor time in milliseconds of its main thread. Other programs on the machine do not change it. */
  readonly cpu_ms: () => Promise<number>
  /** The addresses that it requested, except its own. */
  readonly requests: ReadonlyArray<string>
  /** Errors and warnings of its console, uncaught exceptions, violations of its security policy, and dialogs. */
  readonly complaints: ReadonlyArray<string>
}

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly scheme?: "light" | "dark"
  readonly media?: "screen" | "print"
}

const findChromium = (): string => {
  const found = chromiumNames.find((name) => spawnSync(name, ["--version"]).status === 0)
  if (found === undefined) throw new Error("Chromium is not installed")
  return found
}

type Event = Readonly<Record<string, unknown>>

interface Metric {
  readonly name: string
  readonly value: number
}

/** Speaks the DevTools protocol over one socket. */
const connect = async (address: string) => {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 })
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject))
  const waiting = new Map<
    number,
    { readonly resolve: (value: Event) => void; readonly reject: (error: Error) => void }
  >()
  const listeners: Array<(method: string, params: Event) => void> = []
  let last = 0
  socket.on("message", (data) => {
    const { error, id, method, params, result } = JSON.parse(String(data))
    if (id === undefined) return listeners.forEach((listener) => listener(method, params))
    const { reject, resolve } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error === undefined) resolve?.(result)
    else reject?.(new Error(`${error.message} ${error.data ?? ""}`))
  })
  socket.on("close", () => waiting.forEach(({ reject }) => reject(new Error("the browser has gone"))))
  const send = (method: string, params: Event = {}, sessionId?: string): Promise<Event> =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      socket.send(JSON.stringify({ id: last, method, params, sessionId }))
    })
  return { send, listen: (listener: (method: string, params: Event) => void) => listeners.push(listener), socket }
}

const listeningAt = (browser: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    if (browser.stderr === null) return reject(new Error("chromium has no standard error"))
    createInterface(browser.stderr).on("line", (line) => {
      const address = /DevTools listening on (\S+)/.exec(line)?.[1]
      if (address !== undefined) resolve(address)
    })
    browser.once("exit", (code) => reject(new Error(`chromium ended with ${code}`)))
  })

const complaintIn = (method: string, params: Event): string | null => {
  switch (method) {
    case "Runtime.exceptionThrown":
    case "Log.entryAdded":
    case "Page.javascriptDialogOpening":
      return `${method} ${JSON.stringify(params)}`
    case "Runtime.consoleAPICalled":
      return `console.${String(params["type"])} ${JSON.stringify(params["args"])}`
    default:
      return null
  }
}

const open = async (client: Awaited<ReturnType<typeof connect>>, url: string, options: PageOptions): Promise<Page> => {
  const { height = 900, media = "screen", scheme = "light", width = 1400 } = options
  const { targetId } = await client.send("Target.createTarget", { url: "about:blank" })
  const { sessionId } = await client.send("Target.attachToTarget", { targetId, flatten: true })
  const send = (method: string, params: Event = {}) => client.send(method, params, String(sessionId))
  const requests: Array<string> = []
  const complaints: Array<string> = []
  const loaded = new Promise<void>((resolve) => {
    client.listen((method, params) => {
      if (method === "Page.loadEventFired") resolve()
      const request = params["request"]
      if (method === "Network.requestWillBeSent" && Predicate.hasProperty(request, "url")) {
        if (request.url !== url) requests.push(String(request.url))
      }
      const complaint = complaintIn(method, params)
      if (complaint !== null) complaints.push(complaint)
    })
  })
  for (const domain of ["Page", "Network", "Runtime", "Log", "Performance"]) await send(`${domain}.enable`)
  const metrics = { width, height, deviceScaleFactor: 1, mobile: false }
  await send("Emulation.setDeviceMetricsOverride", metrics)
  await send("Emulation.setEmulatedMedia", { media, features: [{ name: "prefers-color-scheme", value: scheme }] })
  await send("Page.navigate", { url })
  await loaded
  const evaluate = async <A>(expression: string): Promise<A> => {
    const { exceptionDetails, result } = await send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { readonly value: A }).value
  }
  const painted = () =>
    evaluate<void>("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
  const mouse = (type: string, x: number, y: number, more: Event = {}) =>
    send("Input.dispatchMouseEvent", { type, x, y, ...more })
  const image = async (method: string, params: Event) => {
    const { data } = await send(method, params)
    return Buffer.from(String(data), "base64")
  }
  const cpu_ms = async () => {
    const { metrics: told } = await send("Performance.getMetrics") as { readonly metrics: ReadonlyArray<Metric> }
    const seconds = told.find(({ name }) => name === "ThreadTime")?.value
    if (seconds === undefined) throw new Error("the browser does not tell the processor time of a page")
    return seconds * 1_000
  }
  await painted()
  return {
    evaluate,
    cpu_ms,
    requests,
    complaints,
    move: async (x, y) => {
      await mouse("mouseMoved", x, y)
      await painted()
    },
    click: async (x, y) => {
      await mouse("mouseMoved", x, y)
      await mouse("mousePressed", x, y, { button: "left", buttons: 1, clickCount: 1 })
      await mouse("mouseReleased", x, y, { button: "left", clickCount: 1 })
      await painted()
    },
    press: async (key) => {
      await send("Input.dispatchKeyEvent", { type: "keyDown", key })
      await send("Input.dispatchKeyEvent", { type: "keyUp", key })
      await painted()
    },
    wheel: async (x, y, deltaY) => {
      await mouse("mouseWheel", x, y, { deltaX: 0, deltaY })
      await painted()
    },
    screenshot: () => image("Page.captureScreenshot", { format: "png", captureBeyondViewport: true })
  }
}

export interface Browser {
  /** Opens a page of that HTML from a file. */
  readonly open: (html: string, options?: PageOptions) => Promise<Page>
}

/** A headless Chromium. It and its files are removed with the scope. */
export const makeBrowser: Effect.Effect<Browser, never, Scope.Scope> = Effect.gen(function*() {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-page-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })))
  const flags = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
    `--user-data-dir=${join(folder, "profile")}`,
    "about:blank"
  ]
  const browser = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(findChromium(), flags, { stdio: ["ignore", "ignore", "pipe"] })),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode !== null) return
        const gone = new Promise((resolve) => child.once("exit", resolve))
        child.kill("SIGKILL")
        await gone
      })
  )
  const client = yield* Effect.acquireRelease(
    Effect.promise(async () => connect(await listeningAt(browser))),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )
  let pages = 0
  return {
    open: (html, options = {}) => {
      const file = join(folder, `page-${++pages}.html`)
      writeFileSync(file, html)
      return open(client, pathToFileURL(file).href, options)
    }
  }
})
