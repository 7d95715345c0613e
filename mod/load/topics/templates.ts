/** `hayate help load templates`. */
export const templatesText = `Requests that vary without a script: --template

With --template these are filled in for each request, in a URL's path and
query, in the values of -H and --host, and in the body (-b, --body-file). Lines of
--urls may have them, too.

  {rand:1:100}     a whole number from 1 to 100, each as likely
  {seq:1}          1, 2, 3 and so on
  {line:FILE}      the lines of a file in turn, without the empty ones
  {uuid}           a random UUID (version 4)
  {{               a brace; } needs nothing

Without --template braces are braces, so that JSON stays JSON.

  hayate load --template 'http://10.0.0.2/items/{rand:1:100000}'
  hayate load --template -b '{{"id": "{uuid}", "n": {seq:1}}' http://10.0.0.2/orders
  hayate load --template -H 'Authorization: Bearer {line:tokens.txt}' http://10.0.0.2/

Each {rand} and {uuid} is drawn for itself. All {seq:1} of one request have the same
number, and so have those of all URLs: a number is used once, by all threads
together, and {seq:1} with -n 1000 sends 1 to 1000. Requests of the warm-up count
too. The same holds for the lines of a file.

Leading zeros keep the number of digits: {seq:0001} sends 0001, {rand:000:999} sends
007. In a URL the characters of a line that a URL cannot have are sent as %XX.

A request that is sent again (--retry, or turned away by a GOAWAY) keeps its values.
Content-Length follows the body. The bytes are patched in place, which costs less than
a twentieth of a request.
`;
