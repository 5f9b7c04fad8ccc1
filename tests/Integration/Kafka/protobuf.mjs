// Encodes and decodes messages of proto/ with protobufjs, which shares no code with ours.
//   node protobuf.mjs TOOLS_FOLDER FILE encode TYPE   FILE: a JSON object per line
//   node protobuf.mjs TOOLS_FOLDER FILE decode TYPE   FILE: { "bytes": base64 } per line
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [tools, file, action, type] = process.argv.slice(2)
const protobuf = createRequire(join(tools, 'package.json'))('protobufjs')
const proto = join(dirname(fileURLToPath(import.meta.url)), '../../../proto')

const root = new protobuf.Root()
root.resolvePath = (_, target) => join(proto, target)
root.loadSync(['earshot/v1/events.proto', 'earshot/v1/rows.proto'], { keepCase: true })
const message = root.lookupType(`earshot.v1.${type}`)

for (const line of readFileSync(file, 'utf8').split('\n').filter(l => l)) {
  const given = JSON.parse(line)
  if (action === 'encode') {
    const bytes = message.encode(message.fromObject(given)).finish()
    console.log(JSON.stringify({ bytes: Buffer.from(bytes).toString('base64') }))
  } else {
    const decoded = message.decode(Buffer.from(given.bytes, 'base64'))
    console.log(JSON.stringify(
      message.toObject(decoded, { longs: Number, enums: String, bytes: String })))
  }
}
