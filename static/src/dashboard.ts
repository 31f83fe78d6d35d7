import "./dashboard.css";
import "./site";
import "./dashboard/dashboard-element";
