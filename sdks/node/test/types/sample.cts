/** The same by `require`. */
import client = require("pixelsite-client");
import facade = require("pixelsite-client/pixelapi");

export async function call(): Promise<client.Result> {
  const job: client.Job = await new client.Pixelsite().submit("photo.jpg", { prompt: "the date" });
  console.log(new facade.PixelAPI().pixelsite.baseUrl, client.version);
  return new client.Pixelsite().wait(job);
}
