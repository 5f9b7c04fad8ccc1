// Reads test results for `./test`: node scripts/results.mjs NAME FILE.trx LOG EXIT_CODE SECONDS
//
// Prints the suite's line, its failures in full and its skipped tests with their reasons.
// The last line is for the caller: "= PASSED FAILED SKIPPED". A run that ended badly without
// a failed test (a crashed or hanging test host, an unreadable file) counts as one failure.

import { existsSync, readFileSync } from 'node:fs'

const [name, trxPath, logPath, exitCode, seconds] = process.argv.slice(2)
const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function decode(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, word) =>
    hex ? String.fromCodePoint(parseInt(hex, 16))
      : decimal ? String.fromCodePoint(Number(decimal))
        : entities[word] ?? whole)
}

function element(xml, tag) {
  const found = xml.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`))
  return found ? decode(found[1]).trim() : ''
}

function readResults() {
  if (!existsSync(trxPath)) return null
  const xml = readFileSync(trxPath, 'utf8')
  if (!xml.includes('</TestRun>')) return null
  const pattern = /<UnitTestResult\b([^>]*?)(?:\/>|>([\s\S]*?)<\/UnitTestResult>)/g
  return [...xml.matchAll(pattern)].map(([, attributes, body = '']) => ({
    name: decode(attributes.match(/\btestName="([^"]*)"/)[1]),
    outcome: attributes.match(/\boutcome="([^"]*)"/)?.[1] ?? 'Failed',
    message: element(body, 'Message'),
    stack: element(body, 'StackTrace'),
    output: element(body.replace(/<ErrorInfo>[\s\S]*<\/ErrorInfo>/, ''), 'StdOut'),
  }))
}

// The frames of the runner that called the test say nothing about it.
const runnerFrame = /^\s*at (System\.Reflection\.|System\.RuntimeMethodHandle\.|InvokeStub_)/
const ownFrames = (stack) => stack.split('\n').filter((f) => !runnerFrame.test(f)).join('\n')
const indent = (text) => text.split('\n').map((line) => `    ${line}`.trimEnd()).join('\n')
const results = readResults() ?? []
const passed = results.filter((r) => r.outcome === 'Passed')
const skipped = results.filter((r) => r.outcome === 'NotExecuted')
const failed = results.filter((r) => r.outcome !== 'Passed' && r.outcome !== 'NotExecuted')
const broken = Number(exitCode) !== 0 && failed.length === 0
const count = [`${passed.length} passed`, `${failed.length + (broken ? 1 : 0)} failed`]
if (skipped.length > 0) count.push(`${skipped.length} skipped`)
console.log(`${name}: ${count.join(', ')} (${seconds} s)`)

for (const test of failed) {
  console.log(`  FAILED ${test.name}`)
  for (const part of [test.message, ownFrames(test.stack)]) if (part) console.log(indent(part))
  if (test.output) console.log(indent(`Output:\n${test.output}`))
}

// A passed test says its figures in lines that begin with "= ".
for (const { output } of passed) {
  for (const line of output.split('\n')) {
    if (line.startsWith('= ')) console.log(`  ${line.slice(2)}`)
  }
}

if (broken) {
  console.log(`  FAILED ${name}: the test run stopped (exit code ${exitCode}), output:`)
  const log = existsSync(logPath) ? readFileSync(logPath, 'utf8').trimEnd() : ''
  console.log(indent(log.split('\n').slice(-60).join('\n')))
}

const reasons = new Map()
for (const { name: test, message } of skipped) {
  reasons.set(message, [...(reasons.get(message) ?? []), test])
}
for (const [reason, tests] of reasons) {
  console.log(`  skipped, ${reason || 'no reason given'}:`)
  for (const test of tests) console.log(`    ${test}`)
}

console.log(`= ${passed.length} ${failed.length + (broken ? 1 : 0)} ${skipped.length}`)
