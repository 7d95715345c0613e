console.log("hayate", Deno.args);
