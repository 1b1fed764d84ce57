"""Discord, as the tests meet it: a stateful server on a real socket."""
