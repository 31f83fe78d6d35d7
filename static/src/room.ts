import "./room.css";
import "./site";
import "./room/room-element";
