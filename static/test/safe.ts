// What no rendered text may contain, whoever wrote it.

const FORBIDDEN = "script,iframe,object,embed,applet,base,link,meta,style,form,input,select,textarea,img,picture,source,video,audio,frame,foreignObject,animate,set,use,template,dialog,marquee,body,[srcdoc],[src],[srcset],[action],[formaction],[background],[poster]";

export function dangers(root: ParentNode): string[] {
  const found = [...root.querySelectorAll(FORBIDDEN)].map((node) => node.tagName);
  for (const node of root.querySelectorAll("*")) {
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on")) found.push(`${node.tagName} ${name}`);
      const isLink = name === "href" || name === "xlink:href";
      if (isLink && !/^(https?:|mailto:)/.test(value)) found.push(`${node.tagName} ${name}=${value}`);
      if (/url\(|expression/i.test(value) && name === "style") found.push(`${node.tagName} style=${value}`);
    }
  }
  return found;
}
