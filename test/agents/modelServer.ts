import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type ServerResponse } from "node:http"
import type { Server } from "node:net"

/** One request of an agent for the next words of its model. */
export interface Call {
  /** All that the user said, as the agent put it. */
  readonly said: string
  /** How many commands the agent has run in this conversation. */
  readonly commands_run: number
}

export interface ModelServer {
  readonly url: string
  readonly calls: () => ReadonlyArray<Call>
}

/** Work that lasts until the file `go` is in the folder of the sidecar, which the prompt names by the file of the task. */
const commandsFor = (said: string): ReadonlyArray<string> => {
  const [, folder = ""] = /(\/\S+)\/tasks\/[^/\s]+\.json/.exec(said) ?? []
  return [`while [ ! -e '${folder}/go' ]; do sleep 0.05; done`]
}

interface Message {
  readonly role: string
  readonly content: unknown
}

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : Array.isArray(content)
    ? content.map((part: { readonly text?: string }) => part.text ?? "").join("")
    : ""

const callOf = (body: string): Call => {
  const { messages }: { readonly messages: ReadonlyArray<Message> } = JSON.parse(body)
  return {
    said: messages.filter(({ role }) => role === "user").map(({ content }) => textOf(content)).join("\n"),
    commands_run: messages.filter(({ role }) => role === "tool").length
  }
}

/** Streams the next command, or the last words where all have run. */
const reply = (response: ServerResponse, { commands_run, said }: Call) => {
  const send = (delta: object, finish_reason: string | null = null) =>
    response.write(`data: ${
      JSON.stringify({
        id: `reply-${commands_run}`,
        object: "chat.completion.chunk",
        created: 0,
        model: "scripted",
        choices: [{ index: 0, delta, finish_reason }]
      })
    }\n\n`)
  const command = commandsFor(said)[commands_run]
  response.writeHead(200, { "content-type": "text/event-stream" })
  send({ role: "assistant", content: "" })
  if (command === undefined) {
    send({ content: "done" })
    send({}, "stop")
  } else {
    // Without yieldMs OpenClaw gives the turn back to the model while the command still runs.
    const of_exec = JSON.stringify({ command, yieldMs: 600_000 })
    const call = { id: `call_${commands_run}`, type: "function", function: { name: "exec", arguments: of_exec } }
    send({ tool_calls: [{ index: 0, ...call }] })
    send({}, "tool_calls")
  }
  response.end("data: [DONE]\n\n")
}

/** Listens at any free port of loopback, which it gives. */
export const listen = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(address !== null && typeof address === "object" ? address.port : 0)
    })
  )

/** A server of the OpenAI-compatible API on loopback, whose model runs a command and then says that it is done. */
export const startModelServer: Effect.Effect<ModelServer, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const calls: Array<Call> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
          if (request.url?.endsWith("/chat/completions") !== true) return response.writeHead(404).end()
          const call = callOf(Buffer.concat(chunks).toString())
          calls.push(call)
          return reply(response, call)
        })
      })
      return { calls, server, port: await listen(server) }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ),
  ({ calls, port }) => ({ url: `http://127.0.0.1:${port}/v1`, calls: () => calls })
)
