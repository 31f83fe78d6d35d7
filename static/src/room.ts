import "./room.css";
import "./panes.css";
import "./site";
import "./room/room-element";
