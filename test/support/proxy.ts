import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import type { Duplex } from "node:stream"

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures/tls", name))

export interface ProxyOptions {
  /** `user:password` that it wants; without it takes everybody. */
  readonly login?: string
  /** Speaks TLS itself, with the certificate of the fixtures. */
  readonly secure?: boolean
  /** The status it answers every CONNECT with; null for never. By default it connects. */
  readonly answer?: number | null
  /** What it writes behind the status line. */
  readonly words?: string
}

/** A real HTTP proxy on a port of its own, for as long as the scope is open. It knows CONNECT and nothing else. */
export const startProxy = Effect.fnUntraced(
  function*({ answer, login, secure = false, words = "Whatever" }: ProxyOptions = {}) {
    const asked: Array<string> = []
    const open = new Set<Duplex>()
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`
    const keep = <S extends Duplex>(stream: S): S => {
      open.add(stream)
      stream.on("error", () => stream.destroy()).on("close", () => open.delete(stream))
      return stream
    }
    const tunnel = (client: Duplex, target: string) => {
      const { hostname, port } = new URL(`http://${target}`)
      // Whatever name is asked for, the hubs of the tests are on this machine.
      const host = /\.test$|^127\.0\.0\.2$/.test(hostname) ? "127.0.0.1" : hostname.replace(/^\[(.*)\]$/, "$1")
      const server: Socket = keep(connect(Number(port) || 80, host))
      server.once("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
      server.once("connect", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n")
        server.pipe(client)
        client.pipe(server)
      })
      client.once("close", () => server.destroy())
      server.once("close", () => client.destroy())
    }
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => {
        const onRequest: RequestListener = (_, response) => response.writeHead(405).end()
        const made = secure
          ? createSecureServer({ cert: fixture("server.pem"), key: fixture("server.key") }, onRequest)
          : createServer(onRequest)
        made.on("connection", keep)
        made.on("connect", ({ headers: given, url = "" }, client) => {
          asked.push(url)
          // Without reading it would not notice when who asks is gone.
          if (answer === null) return void client.resume().once("end", () => client.end())
          const status = answer ?? (wanted === undefined || given["proxy-authorization"] === wanted ? 200 : 407)
          if (status === 200) tunnel(client, url)
          else client.end(`HTTP/1.1 ${status} ${words}\r\nContent-Length: 0\r\n\r\n`)
        })
        return new Promise<typeof made>((resolve) => made.listen(0, "127.0.0.1", () => resolve(made)))
      }),
      (made) =>
        Effect.promise(() => {
          for (const stream of open) stream.destroy()
          return new Promise<void>((resolve) => made.close(() => resolve()))
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const host = `127.0.0.1:${port}`
    const shown = `http${secure ? "s" : ""}://${host}`
    const url = login === undefined ? shown : shown.replace("//", `//${login}@`)
    return { asked, open, port, host, url, shown }
  }
)

const isOfProxy = (name: string): boolean => /^(?:https?|all|no)_proxy$/i.test(name)

/** The variables of proxies in this process are these and no others, for as long as the scope is open. */
export const proxyVariables = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.entries(process.env).filter(([name]) => isOfProxy(name))
      for (const [name] of before) delete process.env[name]
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of Object.keys(variables)) delete process.env[name]
        Object.assign(process.env, Object.fromEntries(before))
      })
  )
