import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"

interface Locked {
  readonly version: string
  readonly integrity: string
  readonly dev?: boolean
}

const { packages }: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync("package-lock.json", "utf8")
)

const upstream = (process.env["npm_config_registry"] ?? "https://registry.npmjs.org").replace(/\/$/, "")

/** What a registry says of a package: the versions that are in our lockfile. */
const packument = (name: string, base: string) => {
  const locked = Object.entries(packages).filter(([path]) => path.endsWith(`node_modules/${name}`)).map(([, one]) =>
    one
  )
  const versions = locked.map(({ integrity, ...manifest }) => {
    const file = `${name.replace(/.*\//, "")}-${manifest.version}.tgz`
    return [manifest.version, { ...manifest, name, dist: { integrity, tarball: `${base}/${name}/-/${file}` } }] as const
  })
  const latest = locked.at(-1)?.version
  return { name, "dist-tags": { latest }, versions: Object.fromEntries(versions) }
}

const answer = (path: string, base: string, response: ServerResponse): void => {
  // npm has it in its cache by its integrity, from `npm ci`.
  if (path.includes("/-/")) return void response.writeHead(302, { location: `${upstream}${path}` }).end()
  const found = packument(decodeURIComponent(path.slice(1)), base)
  const status = found["dist-tags"].latest === undefined ? 404 : 200
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(found))
}

/** A registry of what is in our lockfile, so that a slow one, or none, keeps no test from its installation. Succeeds with its URL. */
export const startRegistry = Effect.acquireRelease(
  Effect.promise(() => {
    const server = createServer(({ headers: { host }, url = "/" }, response) => answer(url, `http://${host}`, response))
    return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
  }),
  (server) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
).pipe(Effect.map((server) => {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}))
