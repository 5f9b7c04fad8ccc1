using Earshot.Host;

return await Cli.RunAsync(args, Terminal.OfProcess());
