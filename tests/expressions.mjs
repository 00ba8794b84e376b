// Evaluates the expressions of GitHub Actions with GitHub's own library: a request a line, an answer a line, both JSON.
// A request holds `text` (with its ${{ }}), `contexts`, and `status`: success, failure or cancelled.
import { createInterface } from "node:readline";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";

const evaluate = (expression, contexts, status) => {
  const checks = {
    success: () => status === "success",
    failure: () => status === "failure",
    cancelled: () => status === "cancelled",
    always: () => true,
  };
  const functions = Object.entries(checks).map(([name, check]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(check()),
  }));
  const parsed = new Parser(new Lexer(expression).lex().tokens, Object.keys(contexts), functions).parse();
  const known = JSON.parse(JSON.stringify(contexts), data.reviver);
  return new Evaluator(parsed, known, new Map(functions.map((each) => [each.name, each]))).evaluate();
};

const answer = ({ text, contexts, status }) => {
  const alone = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text);
  if (alone) return JSON.parse(JSON.stringify(evaluate(alone[1], contexts, status), data.replacer));
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression) => evaluate(expression, contexts, status).coerceString());
};

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { value: answer(JSON.parse(line)) };
  } catch (error) {
    reply = { error: String(error) };
  }
  console.log(JSON.stringify(reply));
}
