import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import type { DevHub } from "../../src/dev/DevHub.ts"

interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** Gets one request of the daemon, as `POST /api/message`, and what passes it to the hub. A `cut` one gets no answer. */
export type Meet = (request: string, pass: () => Promise<Answer>) => Promise<Answer | "cut">

/** Stands between the daemon and the hub's HTTP API. */
export interface Relay {
  /** What the daemon is to take for the hub's HTTP API. */
  readonly url: string
  /** The requests so far, as `POST /api/message`. */
  readonly requests: ReadonlyArray<string>
  readonly meet: (meet: Meet) => Effect.Effect<void>
}

export const makeRelay = (hub: DevHub): Effect.Effect<Relay, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<string> = []
      let meet: Meet = (_, pass) => pass()
      const server = createServer((request, response) => {
        const { headers: { authorization = "" }, method = "", url = "" } = request
        const chunks: Array<Buffer> = []
        const pass = async (): Promise<Answer> => {
          const answer = await fetch(`${hub.httpUrl}${url}`, {
            method,
            headers: { authorization, "content-type": "application/json" },
            ...(method === "POST" ? { body: Buffer.concat(chunks) } : {})
          })
          return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
        }
        const answer = async () => {
          const name = `${method} ${url.split("?")[0]}`
          requests.push(name)
          const answered = await meet(name, pass).catch(() => "cut" as const)
          if (answered === "cut") request.socket.destroy()
          else response.writeHead(answered.status, { "content-type": "application/json" }).end(answered.body)
        }
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => void answer())
      })
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      return {
        server,
        url: `http://127.0.0.1:${port}`,
        requests,
        meet: (next: Meet) =>
          Effect.sync(() => {
            meet = next
          })
      }
    }),
    ({ server }) => Effect.sync(() => void server.close())
  )
