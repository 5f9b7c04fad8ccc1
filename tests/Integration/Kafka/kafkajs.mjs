// A Kafka client that is not built on librdkafka.
//   node kafkajs.mjs TOOLS_FOLDER FILE produce BOOTSTRAP TOPIC
//     FILE: { "partition": n, "key": text, "value": base64, "contentType": text or null } per line
//   node kafkajs.mjs TOOLS_FOLDER - consume BOOTSTRAP TOPIC GROUP COUNT
//     prints { "partition", "offset", "key", "value": base64, "headers": { name: text } }
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
const [tools, file, action, bootstrap, topic, group, count] = process.argv.slice(2)
const { Kafka, logLevel } = createRequire(join(tools, 'package.json'))('kafkajs')
const kafka = new Kafka({
  clientId: 'foreign', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING,
})
const batchSize = 1000
const patienceMs = 120_000

async function produce() {
  const producer = kafka.producer({ maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const messages = readFileSync(file, 'utf8').split('\n').filter(l => l).map(line => {
    const { partition, key, value, contentType } = JSON.parse(line)
    const headers = contentType ? { 'content-type': contentType } : {}
    return { partition, key, value: Buffer.from(value, 'base64'), headers }
  })
  for (let from = 0; from < messages.length; from += batchSize) {
    await producer.send({ topic, messages: messages.slice(from, from + batchSize) })
  }
  await producer.disconnect()
}

async function consume() {
  const consumer = kafka.consumer({ groupId: group, readUncommitted: false })
  const limit = setTimeout(() => process.exit(3), patienceMs)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let left = Number(count)
  await new Promise(resolve => consumer.run({
    eachMessage: async ({ partition, message }) => {
      const { offset, key, value, headers } = message
      if (left-- <= 0) return
      console.log(JSON.stringify({
        partition, offset: Number(offset), key: key?.toString() ?? null,
        value: value.toString('base64'),
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, text]) => [name, text.toString()])),
      }))
      if (left === 0) resolve()
    },
  }))
  clearTimeout(limit)
  await consumer.disconnect()
}

await (action === 'produce' ? produce() : consume())
